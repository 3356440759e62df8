//! Histories out of tables.

use jiff::civil::date;
use quant::QuantError;
use quant::plan::{
    ClassSeries, DateColumns, Frequency, MarketHistory, Measure, SeriesColumns, TABLE_MAX_BYTES, series_of_table,
};

fn columns(date: &str, value: &str) -> SeriesColumns {
    SeriesColumns { date: DateColumns::Date(date.to_owned()), value: value.to_owned(), measure: Measure::LevelsAtEnd }
}

fn read(table: &str) -> Result<ClassSeries, QuantError> {
    series_of_table("stocks", table, &columns("date", "index"))
}

#[test]
fn columns_are_found_by_name_in_any_order() {
    let found = read("Index,Dividend,Date\n100,1,1926-07\n102.5,1,1926-08\n\n101e0,1,1926-09\n").unwrap();
    let points: Vec<_> = found.values.iter().map(|point| (point.date, point.value)).collect();
    assert_eq!(points, [(date(1926, 7, 1), 100.0), (date(1926, 8, 1), 102.5), (date(1926, 9, 1), 101.0)]);
    assert_eq!((found.name.as_str(), found.measure), ("stocks", Measure::LevelsAtEnd));
    assert_eq!(read("\u{feff}date;index\r\n1926-07-31;100\r\n1926-08-31;102.5\r\n").unwrap().values.len(), 2);
}

#[test]
fn a_year_and_a_month_may_have_columns_of_their_own() {
    let date_columns = DateColumns::YearAndMonth { year: "Year".to_owned(), month: "Month".to_owned() };
    let columns = SeriesColumns { date: date_columns, value: "CPI".to_owned(), measure: Measure::LevelsAtStart };
    let found = series_of_table("prices", "year\tmonth\tcpi\n1926\t7\t17.5\n1926\t08\t17.4\n", &columns).unwrap();
    assert_eq!(found.values.iter().map(|point| point.date).collect::<Vec<_>>(), [date(1926, 7, 1), date(1926, 8, 1)]);
    for (year, month, column) in
        [("26", "7", "Year"), ("1926", "13", "Month"), ("1926", "", "Month"), ("", "1", "Year")]
    {
        let table = format!("year,month,cpi\n{year},{month},17.5\n");
        let found = series_of_table("prices", &table, &columns);
        assert!(matches!(&found, Err(QuantError::Cell { line: 2, column: own, .. }) if own == column), "{found:?}");
    }
}

#[test]
fn what_cannot_be_read_is_named_by_line_and_column() {
    for value in ["NaN", "1e999", "inf", "", "1,5x", "€5", "--"] {
        let table = format!("date,index\n1926-07,100\n1926-08,\"{value}\"\n");
        let found = read(&table);
        assert!(
            matches!(&found, Err(QuantError::Cell { line: 3, column, .. }) if column == "index"),
            "{value} {found:?}"
        );
    }
    let found = read("date,index\n31.07.1926,100\n").unwrap_err().to_string();
    assert_eq!(found, "line 2, column date: expected YYYY, YYYY-MM or YYYY-MM-DD, found \"31.07.1926\"");
    assert!(matches!(read("day,index\n1926-07,100\n"), Err(QuantError::Unknown { field: "columns", .. })));
    assert!(matches!(read("date,index,index\n1926-07,1,2\n"), Err(QuantError::Duplicate { field: "columns", .. })));
    assert!(matches!(read("date,index\n1926-07\n"), Err(QuantError::Cell { .. })));
    assert!(matches!(read(&" ".repeat(TABLE_MAX_BYTES + 1)), Err(QuantError::TooMany { .. })));
}

#[test]
fn gaps_repetitions_and_disorder_of_tables_are_refused() {
    let history = |rows: &str| {
        let stocks = read(&format!("date,index\n{rows}"))?;
        let prices = ClassSeries { name: "prices".to_owned(), ..stocks.clone() };
        MarketHistory::new(Frequency::Monthly, &[stocks], &prices)
    };
    assert_eq!(history("1926-07,100\n1926-08,101\n1926-09,102\n").unwrap().periods(), 2);
    let hole = QuantError::Hole { name: "stocks".to_owned(), date: date(1926, 8, 1) };
    assert_eq!(history("1926-07,100\n1926-09,102\n"), Err(hole));
    assert!(matches!(history("1926-07,100\n1926-07,101\n"), Err(QuantError::DuplicateDate { .. })));
    assert!(matches!(history("1926-08,100\n1926-07,101\n"), Err(QuantError::Unordered { .. })));
    assert!(matches!(history("1926-07,100\n1926-08,0\n"), Err(QuantError::NotPositive { field: "levels", at: 1 })));
}
