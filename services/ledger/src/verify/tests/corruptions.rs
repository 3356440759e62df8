//! One thing at a time, changed directly in the database.

use super::*;

/// A full store, and the error after each of several changes, every one of which is undone.
async fn after_each(changes: &[&str]) -> Vec<String> {
    let store = TestStore::sqlite();
    let mut books = Books::open(&store).await;
    books.everything().await;
    books.scattered(60).await;
    books.close().await;
    drop(books);
    let file = store.dir().join("store.db");
    let clean = std::fs::read(&file).unwrap();
    let mut said = Vec::new();
    for sql in changes {
        std::fs::write(&file, &clean).unwrap();
        let db = store.open().await;
        change(&db, sql).await;
        db.checkpoint().await.unwrap();
        drop(db);
        said.push(complaint(&store).await);
        println!("{sql}\n  -> {}", said.last().unwrap());
        for rest in ["store.db-wal", "store.db-shm"] {
            let _ = std::fs::remove_file(store.dir().join(rest));
        }
    }
    store.remove().await;
    said
}

pub(super) async fn each_is_named(cases: &[(&str, &str)]) {
    let changes: Vec<&str> = cases.iter().map(|(sql, _)| *sql).collect();
    for ((sql, words), said) in cases.iter().zip(after_each(&changes).await) {
        assert!(said.contains(words), "{sql}\n said: {said}\n want: {words}");
    }
}

/// The sequence number of the first posting of world to ann.
const FIRST_LEG: &str = "(select min(seq) from log where substr(body, 2, 1) = x'10')";

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_log_is_found() {
    let flip = |expression: &str| format!("update log set body = cast({expression} as blob) where seq = {FIRST_LEG}");
    let shorter = flip("substr(body, 1, length(body) - 1)");
    let longer = flip("body || x'00'");
    let kind = flip("x'01' || x'2a' || substr(body, 3)");
    let version = flip("x'02' || substr(body, 2)");
    let id = flip("substr(body, 1, 18) || x'ff' || substr(body, 20)");
    let jump = flip("substr(body, 1, length(body) - 1) || x'01'");
    let last_flags = format!("update log set body = cast(x'0150' || substr(body, 3) as blob) where seq = {FIRST_LEG}");
    each_is_named(&[
        (&shorter, "row 4: encoding: expected a row, found the row ends before its jump row"),
        (&longer, "row 4: encoding: expected a row, found 1 bytes follow the row"),
        (&kind, "row 4: encoding: expected a row, found row kind 42 is not known"),
        (&version, "row 4: encoding: expected a row, found format version 2 is not known"),
        (&id, "row 4: row of id 0"),
        (&jump, "row 4: jump row of the credit account users:ann: expected 0, found 3"),
        (&last_flags, "row 4: encoding"),
        ("delete from log where seq = 6", "row 6: log: expected a row, found row 7 as the next one"),
        ("delete from log where seq = (select max(seq) from log)", "found the end of the log"),
        ("insert into log select max(seq) + 1, body from log", "table log: row that is in no group"),
        ("update log set seq = -1 where seq = 2; update log set seq = 2 where seq = 1; update log set seq = 1 where seq = -1",
         "row 1: account: expected 1, found 2"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_group_is_found() {
    let zero = "x'0000000000000000000000000000000000000000000000000000000000000000'";
    let hash = format!("update commit_group set hash = {zero} where number = 5");
    each_is_named(&[
        ("delete from commit_group where number = (select max(number) from commit_group)", "row "),
        ("delete from commit_group where number = 3", "group 3: number of the group: expected 3, found 4"),
        (&hash, "group 5: hash: expected "),
        ("update commit_group set at = at - 100000000 where number = 4", "group 4: record time: expected more than"),
        ("update commit_group set at = at + 1 where number = 1", "row 1: opened_at of account 1 in table account"),
        ("update commit_group set at = at + 1 where number = 20", "group 20: "),
        (
            "update commit_group set first_seq = first_seq + 1 where number = 2",
            "group 2: first row: expected 2, found 3",
        ),
        (
            "update commit_group set last_seq = last_seq + 1 where number = 2",
            "row 3: opened_at of account 3 in table account",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_accounts_are_found() {
    each_is_named(&[
        ("update account_head set posted_credits = posted_credits + 1 where no = 2",
         "table account_head: posted_credits of account users:ann: expected"),
        ("update account_head set floor = null where no = 2", "floor of account users:ann: expected 0, found none"),
        ("update account_head set ceiling = 1 where no = 2", "ceiling of account users:ann: expected none, found 1"),
        ("update account_head set status = 1 where no = 2", "status of account users:ann: expected 0, found 1"),
        ("update account_head set version = version + 1 where no = 3", "version of account users:bob"),
        ("update account_head set holds = 0 where no = 2", "holds of account users:ann"),
        ("update account_head set roots = x'' where no = 2", "roots of account users:ann"),
        ("update account_head set metadata_seq = 0 where no = 3", "metadata_seq of account users:bob"),
        ("delete from account_head where no = 2", "table account_head: account users:ann: expected a row, found none"),
        ("insert into account_head select 99, status, floor, ceiling, metadata_hash, metadata_seq, 0, 0, 0, 0, 0, 0, x'', 0, 0, 0, 0 from account_head where no = 1",
         "table account_head: account that the log does not open: expected none, found 99"),
        ("update account set owner = 'mallory' where no = 2", "owner of account 2 in table account: expected ann, found mallory"),
        ("update account set path = 'users:eve' where no = 2", "row 2: path of account 2 in table account: expected users:ann, found users:eve"),
        ("update account set opened_at = opened_at + 1 where no = 2", "row 2: opened_at of account 2 in table account"),
        ("delete from account where no = 2", "row 2: account 2 in table account: expected a row, found none"),
        ("update account_reference set account = 3 where account = 2", "row 2: account of reference ref-ann"),
        ("insert into account_reference values ('stray', 2)", "table account_reference: stray: expected 2, found 3"),
        ("update account_metadata set value = 'Paris' where account = 2", "metadata of account users:ann"),
        ("insert into account_metadata values (1, 'a', 'b')", "table account_metadata: metadata of an account that has none"),
        ("update asset set scale = 2", "table asset: scale and row of POINTS"),
        ("delete from asset", "table asset: scale and row of POINTS"),
        ("update account_head set late_posted_credits = late_posted_credits + 1 where no = 2",
         "late_posted_credits of account users:ann: expected"),
        ("insert into asset values ('GOLD', 3, 1)", "table asset: scale and row of GOLD: expected nothing"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_transactions_are_found() {
    let dropped = format!("delete from transaction_id where seq = {FIRST_LEG}");
    let moved = format!("update transaction_id set seq = 1 where seq = {FIRST_LEG}");
    let other = "x'00000000000000000000000000000001'";
    let stray_id = format!("insert into transaction_id values ({other}, 3)");
    let reversed_by = format!("update reversal set reversed_by = {other}");
    let stray_reversal = format!("insert into reversal values (1, {other})");
    each_is_named(&[
        (&dropped, "in table transaction_id: expected 4, found nothing"),
        (&moved, "in table transaction_id: expected 4, found 1"),
        (&stray_id, "table transaction_id: rows, of which 00000000000000000000000000000001 is one too many"),
        ("delete from transaction_reference where reference = 'back'", "row of reference back"),
        ("insert into transaction_reference values ('aaa', 4)", "of which aaa is one too many"),
        ("update hold set posted = posted + 1 where seq = (select min(seq) from hold)", "hold in table hold"),
        ("update hold set remaining = remaining + 1 where seq = (select max(seq) from hold)", "hold in table hold"),
        ("update hold set expires_at = expires_at + 1 where remaining > 0", "hold in table hold"),
        ("delete from hold where seq = (select max(seq) from hold)", "hold in table hold"),
        ("insert into hold values (4, 0, 0, 0, 0, 0)", "table hold: rows, of which 4 is one too many"),
        (&reversed_by, "in table reversal"),
        ("delete from reversal", "in table reversal"),
        (&stray_reversal, "table reversal: rows, of which 1 is one too many"),
        ("update metadata set body = '{\"why\":\"gift\"}' where seq = 4", "row 4: hash of the metadata"),
        ("update metadata set salt = x'00' where seq = 4", "row 4: hash of the metadata"),
        ("insert into metadata values (1, x'00', '{}')", "table metadata: rows, of which 1 is one too many"),
        ("update idempotency set seq = 4711 where seq = 4", "table idempotency: key of a row that does not exist"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_late_rows_are_found() {
    let row = "(select min(seq) from late where account = 2)";
    let with = |change: &str| format!("{change} where account = 2 and seq = {row}");
    let (amount, place) = (with("update late set amount = amount + 1"), with("update late set place = 0"));
    let (moved, dropped) = (with("update late set effective_at = effective_at + 1"), with("delete from late"));
    let other = with("update late set account = 6");
    each_is_named(&[
        (&amount, "table late: effective time, place and amount of row"),
        (&place, "table late: effective time, place and amount of row"),
        (&moved, "table late: effective time, place and amount of row"),
        (&other, "for account 6: expected nothing, found ("),
        (&dropped, "table late: rows of account users:ann: expected 6, found 5"),
        (
            "insert into late values (2, 5, 4, 1, 100000)",
            "table late: effective time, place and amount of row 4 for account 2",
        ),
        ("insert into late values (77, 5, 4, 1, 100000)", "row 4 for account 77: expected nothing"),
        (
            "update late_bucket set posted_credits = posted_credits + 1 where bits = 35 and account = 2",
            "table late_bucket: account, bucket and sums of the next bucket of 35 bits: expected ((2, ",
        ),
        ("update late_bucket set pending_debits = 1 where bits = 17 and account = 3", "next bucket of 17 bits"),
        ("update late_bucket set bucket = bucket + 1 where bits = 26 and account = 2", "next bucket of 26 bits"),
        (
            "delete from late_bucket where bits = 44 and account = (select max(account) from late_bucket)",
            "next bucket of 44 bits",
        ),
        ("insert into late_bucket values (44, 99, 1, 0, 0, 0, 0)", "expected nothing, found ((99, 1)"),
        (
            "insert into late_bucket values (20, 1, 1, 0, 0, 0, 0)",
            "size of a bucket: expected 17, 26, 35 or 44 bits, found 20",
        ),
    ])
    .await;
}

/// Changing any byte of any log row is noticed.
#[tokio::test(flavor = "multi_thread")]
async fn changing_any_byte_of_the_log_is_found() {
    let store = TestStore::sqlite();
    let mut books = Books::open(&store).await;
    books.everything().await;
    books.close().await;
    drop(books);
    let db = store.open().await;
    let rows = db.read().await.unwrap().query("select seq, body from log order by seq", &[]).await.unwrap();
    for row in rows {
        let (seq, body) = (row.int(0).unwrap(), row.bytes(1).unwrap().to_vec());
        for place in (0..body.len()).step_by(5) {
            let mut changed = body.clone();
            changed[place] ^= 1 << (place % 8);
            set(&db, seq, &changed).await;
            let said = complaint(&store).await;
            let named = said.split([' ', ':']).nth(1).and_then(|number| number.parse::<i64>().ok());
            assert!(said.starts_with("group ") || named.is_some_and(|named| named >= seq), "row {seq}: {said}");
        }
        set(&db, seq, &body).await;
    }
    verified(&store, None).await.unwrap();
}

async fn set(db: &Db, seq: i64, body: &[u8]) {
    let tx = db.begin().await.unwrap();
    tx.execute("update log set body = $2 where seq = $1", &[Value::Int(seq), Value::Bytes(body)]).await.unwrap();
    tx.commit().await.unwrap();
}

/// Sixty unordered ids: two runs of twenty-four, and twelve that are open.
#[tokio::test(flavor = "multi_thread")]
async fn changed_unordered_ids_are_found() {
    each_is_named(&[
        ("delete from id_open where id = (select min(id) from id_open)", "in table id_open"),
        ("update id_open set seq = seq + 1", "in table id_open"),
        (
            "insert into id_open values (x'00000000000000000000000000000001', 4)",
            "table id_open: rows: expected 12, found 13",
        ),
        ("delete from id_run where run = 2", "table id_run: run 2: expected a row, found none"),
        ("insert into id_run select 3, directory, filter from id_run where run = 1", "table id_run"),
        ("update id_run set filter = zeroblob(64) where run = 1", "table id_run: filter of run 1"),
        (
            "update id_run set directory = (select directory from id_run where run = 2) where run = 1",
            "directory of run 1",
        ),
        ("update id_page set body = (select max(body) from id_page)", "table id_page: page 0 of run 2"),
        ("delete from id_page where place = 131072", "table id_page: page 0 of run 2"),
        ("insert into id_page values (7, x'00')", "table id_page: rows: expected 2, found 3"),
    ])
    .await;
}
