//! Each rule, as a small story: what is there, what is told, and the verdicts.

use super::*;

const REPORT: i64 = 100;

fn euro() -> Currency {
    Currency::iso("EUR").unwrap()
}

/// An entry of a day; `print` stands for everything that its bank says.
fn told(day: i64, minor: i64, print: i64) -> Told {
    let mark = Mark { day, minor, currency: euro(), print, bank: None, end_to_end: None };
    Told { status: Status::Booked, mark, words: words(["coffee house"].into_iter()), correction: None }
}

fn seen(seq: i64, told: &Told) -> Seen {
    Seen {
        seq,
        status: told.status,
        by_bank: false,
        withdrawn: false,
        kept: false,
        mark: told.mark,
        source: 1,
        tellers: vec![1],
        told_at: 0,
        words: told.words.clone(),
    }
}

fn full() -> Terms {
    Terms { statement: REPORT, source: 1, leading: true, told_at: 10, ..Terms::default() }
}

fn news() -> Terms {
    Terms { news: true, ..full() }
}

fn verdicts(terms: &Terms, told: &[Told], seen: &[Seen]) -> Vec<Verdict> {
    recognise(terms, told, seen, &HashMap::new())
}

fn with(told: Told, change: impl FnOnce(&mut Told)) -> Told {
    let mut told = told;
    change(&mut told);
    told
}

#[test]
fn equal_entries_of_a_full_report_are_the_larger_number() {
    let coffee = told(5, -300, 7);
    for (known, again, expected) in [
        (0, 2, vec![Verdict::New, Verdict::New]),
        (1, 2, vec![Verdict::Known(1), Verdict::New]),
        (2, 2, vec![Verdict::Known(1), Verdict::Known(2)]),
        (3, 1, vec![Verdict::Known(1)]),
    ] {
        let there: Vec<Seen> = (1..=known).map(|seq| seen(seq, &coffee)).collect();
        assert_eq!(verdicts(&full(), &vec![coffee.clone(); again], &there), expected, "{known} and {again}");
    }
}

#[test]
fn the_fingerprint_says_which_of_equal_amounts_it_is() {
    let (rent, tea) = (told(5, -300, 7), told(5, -300, 8));
    let there = [seen(1, &rent), seen(2, &tea)];
    assert_eq!(verdicts(&full(), &[tea.clone(), rent], &there), [Verdict::Known(2), Verdict::Known(1)]);
    // Told by another format, with other words.
    let other = Terms { source: 2, ..full() };
    assert_eq!(verdicts(&other, &[told(5, -300, 99)], &there[1..]), [Verdict::Known(2)]);
    assert_eq!(verdicts(&full(), &[told(6, -300, 8), told(5, -301, 8)], &there), [Verdict::New, Verdict::New]);
}

#[test]
fn different_references_are_different_entries() {
    let one = with(told(5, -300, 7), |told| told.mark.end_to_end = Some(1));
    let two = with(told(5, -300, 8), |told| told.mark.end_to_end = Some(2));
    assert_eq!(verdicts(&full(), std::slice::from_ref(&two), &[seen(1, &one)]), [Verdict::New]);
    let same = with(told(5, -300, 9), |told| told.mark.end_to_end = Some(1));
    assert_eq!(verdicts(&full(), &[same], &[seen(1, &two), seen(2, &one)]), [Verdict::Known(2)]);
}

#[test]
fn a_banks_id_counts_only_where_it_is_stable() {
    let old = with(told(5, -300, 7), |told| told.mark.bank = Some(1));
    let reissued = with(told(5, -300, 8), |told| told.mark.bank = Some(2));
    let moved = with(told(6, -310, 9), |told| told.mark.bank = Some(1));
    let there = [seen(1, &old)];
    assert_eq!(verdicts(&full(), std::slice::from_ref(&reissued), &there), [Verdict::Known(1)]);
    assert_eq!(verdicts(&full(), std::slice::from_ref(&moved), &there), [Verdict::New]);
    let stable = Terms { stable_ids: true, ..full() };
    assert_eq!(verdicts(&stable, &[reissued], &there), [Verdict::New]);
    assert_eq!(verdicts(&stable, &[moved], &there), [Verdict::Corrects(1)]);
}

#[test]
fn what_equals_news_of_an_open_day_is_a_possible_duplicate() {
    let coffee = told(5, -300, 7);
    let there = [seen(1, &coffee)];
    assert_eq!(verdicts(&news(), std::slice::from_ref(&coffee), &there), [Verdict::PossibleDuplicate(1)]);
    // The second of two is certainly another one.
    let twice = [coffee.clone(), coffee.clone()];
    assert_eq!(verdicts(&news(), &twice, &there), [Verdict::PossibleDuplicate(1), Verdict::New]);
    assert_eq!(verdicts(&news(), &[told(5, -300, 8)], &there), [Verdict::New]);
    let other_source = Terms { source: 2, ..news() };
    assert_eq!(verdicts(&other_source, &[told(5, -300, 8)], &there), [Verdict::PossibleDuplicate(1)]);
}

#[test]
fn news_of_a_day_that_was_told_in_full_are_known() {
    let coffee = told(5, -300, 7);
    let closed = Terms { closed: vec![(4, 6)], ..news() };
    assert_eq!(verdicts(&closed, &[told(5, -300, 8)], &[seen(1, &coffee)]), [Verdict::Known(1)]);
    assert_eq!(verdicts(&closed, &[told(7, -300, 8)], &[seen(1, &coffee)]), [Verdict::New]);
}

#[test]
fn the_same_report_of_news_again_is_known() {
    let coffee = told(5, -300, 7);
    let again = Terms { repeats: HashSet::from([1]), ..news() };
    assert_eq!(verdicts(&again, std::slice::from_ref(&coffee), &[seen(1, &coffee)]), [Verdict::Known(1)]);
}

#[test]
fn a_full_report_settles_possible_duplicates() {
    let coffee = told(5, -300, 7);
    let open = Seen { status: Status::PossibleDuplicate, ..seen(2, &coffee) };
    let there = [seen(1, &coffee), open.clone()];
    let twice = [coffee.clone(), coffee.clone()];
    assert_eq!(verdicts(&full(), &twice, &there), [Verdict::Known(1), Verdict::Confirms(2)]);
    assert_eq!(verdicts(&full(), &twice[..1], &there), [Verdict::Known(1)]);
    assert!(is_refuted(&full(), &open, (4, 6), true));
    assert!(!is_refuted(&full(), &open, (4, 6), false) && !is_refuted(&full(), &open, (6, 7), true));
    assert!(!is_refuted(&full(), &Seen { kept: true, ..open }, (4, 6), true));
}

#[test]
fn statements_that_continue_each_other_have_their_own_entries() {
    let coffee = told(5, -300, 7);
    let apart = Terms { apart: HashSet::from([1]), ..full() };
    assert_eq!(verdicts(&apart, std::slice::from_ref(&coffee), &[seen(1, &coffee)]), [Verdict::New]);
    let doubtful = Terms { doubtful: HashSet::from([1]), ..full() };
    assert_eq!(
        verdicts(&doubtful, std::slice::from_ref(&coffee), &[seen(1, &coffee)]),
        [Verdict::PossibleDuplicate(1)]
    );
}

fn pending(day: i64, minor: i64, print: i64) -> Told {
    Told { status: Status::Pending, ..told(day, minor, print) }
}

#[test]
fn a_pending_entry_is_booked_once() {
    let there = [seen(1, &pending(5, -300, 7)), seen(2, &pending(5, -300, 8))];
    let booked = [told(6, -300, 20), told(6, -300, 21), told(6, -300, 22)];
    assert_eq!(verdicts(&full(), &booked, &there), [Verdict::Books(1), Verdict::Books(2), Verdict::New]);
}

#[test]
fn the_banks_word_says_which_announcement_is_booked() {
    let stable = Terms { stable_ids: true, ..full() };
    let announced = seen(1, &with(pending(5, -1_000, 1), |told| told.mark.bank = Some(70)));
    let booked = with(told(6, -1_500, 2), |told| {
        told.mark.bank = Some(80);
        told.correction = Some(Correction::Replaces(70));
    });
    assert_eq!(verdicts(&stable, std::slice::from_ref(&booked), std::slice::from_ref(&announced)), [Verdict::Books(1)]);
    // The bank repeats it long afterwards, with another amount.
    let later = with(booked.clone(), |told| told.mark.minor = -1_600);
    assert_eq!(verdicts(&stable, &[later], &[seen(1, &booked)]), [Verdict::Corrects(1)]);
    // Another id with like words is another movement.
    let other = with(told(6, -1_000, 3), |told| told.mark.bank = Some(81));
    assert_eq!(verdicts(&stable, &[other], &[announced]), [Verdict::New]);
}

#[test]
fn ten_days_and_thirty_percent_are_the_limit_of_pending_entries() {
    let there = [seen(1, &pending(5, -1_000, 7))];
    for (day, minor, expected) in [
        (5, -1_000, Verdict::Books(1)),
        (15, -1_300, Verdict::Books(1)),
        (16, -1_000, Verdict::New),
        (6, -1_301, Verdict::New),
        (6, -999, Verdict::New),
        (6, 1_000, Verdict::New),
        (4, -1_000, Verdict::New),
    ] {
        assert_eq!(verdicts(&full(), &[told(day, minor, 20)], &there), [expected], "{day} {minor}");
    }
    let other = Told { words: words(["acme rent"].into_iter()), ..told(6, -1_000, 20) };
    assert_eq!(verdicts(&full(), &[other], &there), [Verdict::New]);
}

#[test]
fn a_dearer_entry_does_not_take_anothers_announcement() {
    let there = [seen(1, &pending(5, -1_000, 7))];
    let booked = [told(6, -1_200, 20), told(6, -1_000, 21)];
    assert_eq!(verdicts(&full(), &booked, &there), [Verdict::New, Verdict::Books(1)]);
}

#[test]
fn a_pending_entry_that_changes_is_the_same() {
    let there = [seen(1, &pending(5, -1_000, 7))];
    assert_eq!(verdicts(&full(), &[pending(5, -1_000, 7)], &there), [Verdict::Known(1)]);
    assert_eq!(verdicts(&full(), &[pending(6, -1_100, 9)], &there), [Verdict::Changes(1)]);
}

#[test]
fn an_old_announcement_of_what_was_booked_is_known() {
    let there = [seen(1, &told(6, -1_000, 20))];
    let old = Terms { closed: vec![(5, 7)], ..full() };
    assert_eq!(verdicts(&old, &[pending(5, -1_000, 7)], &there), [Verdict::Known(1)]);
    assert_eq!(verdicts(&full(), &[pending(5, -1_000, 7)], &there), [Verdict::New]);
}

#[test]
fn a_pending_entry_that_a_later_report_leaves_out_is_gone() {
    let waiting = seen(1, &pending(5, -1_000, 7));
    assert!(is_refuted(&full(), &waiting, (5, 5), true));
    assert!(!is_refuted(&full(), &Seen { told_at: 11, ..waiting.clone() }, (5, 5), true));
    assert!(!is_refuted(&full(), &Seen { source: 2, ..waiting.clone() }, (5, 5), true));
    let told = Terms { told_here: HashSet::from([1]), ..full() };
    assert!(!is_refuted(&told, &waiting, (5, 5), true));
}

#[test]
fn only_the_leading_source_books() {
    let other = Terms { leading: false, ..full() };
    let coffee = told(5, -300, 7);
    assert_eq!(verdicts(&other, std::slice::from_ref(&coffee), &[]), [Verdict::Nothing]);
    assert_eq!(verdicts(&other, std::slice::from_ref(&coffee), &[seen(1, &coffee)]), [Verdict::Known(1)]);
    assert_eq!(verdicts(&other, &[pending(5, -300, 7)], &[]), [Verdict::New]);
    assert_eq!(verdicts(&other, &[coffee], &[seen(1, &pending(5, -300, 7))]), [Verdict::Nothing]);
}

#[test]
fn corrections_hold_in_either_order() {
    let first = with(told(5, -300, 7), |told| told.mark.bank = Some(1));
    let replaced = with(told(5, -310, 8), |told| {
        (told.mark.bank, told.correction) = (Some(2), Some(Correction::Replaces(1)));
    });
    let deleted = with(told(5, -300, 9), |told| told.correction = Some(Correction::Deletes(1)));
    assert_eq!(verdicts(&full(), std::slice::from_ref(&replaced), &[seen(1, &first)]), [Verdict::Corrects(1)]);
    assert_eq!(verdicts(&full(), std::slice::from_ref(&deleted), &[seen(1, &first)]), [Verdict::Deletes(1)]);
    assert_eq!(verdicts(&full(), &[replaced.clone(), deleted], &[]), [Verdict::New, Verdict::Nothing]);
    // Told again, and the old one after its correction.
    let there = [Seen { status: Status::Corrected, ..seen(1, &replaced) }];
    assert_eq!(verdicts(&full(), &[replaced], &there), [Verdict::Known(1)]);
    for (now, expected) in [(Some(1), Verdict::Known(1)), (None, Verdict::Nothing)] {
        assert_eq!(recognise(&full(), std::slice::from_ref(&first), &there, &HashMap::from([(1, now)])), [expected]);
    }
}

#[test]
fn what_the_bank_deleted_stays_deleted() {
    let coffee = told(5, -300, 7);
    let delete = Told { correction: Some(Correction::This), ..coffee.clone() };
    assert_eq!(verdicts(&full(), std::slice::from_ref(&delete), &[seen(1, &coffee)]), [Verdict::Deletes(1)]);
    let gone = Seen { status: Status::Removed, by_bank: true, ..seen(1, &coffee) };
    assert_eq!(verdicts(&full(), &[coffee], std::slice::from_ref(&gone)), [Verdict::Known(1)]);
    assert_eq!(verdicts(&full(), std::slice::from_ref(&delete), &[gone]), [Verdict::Nothing]);
    assert_eq!(verdicts(&full(), &[delete], &[]), [Verdict::Nothing]);
}

#[test]
fn entries_for_information_are_apart() {
    let info = Told { status: Status::Info, ..told(5, -300, 7) };
    let booked = told(5, -300, 7);
    assert_eq!(verdicts(&full(), std::slice::from_ref(&info), &[seen(1, &booked)]), [Verdict::New]);
    assert_eq!(verdicts(&full(), std::slice::from_ref(&info), &[seen(1, &info)]), [Verdict::Known(1)]);
    assert_eq!(verdicts(&full(), &[booked], &[seen(1, &info)]), [Verdict::New]);
}

fn span(statement: i64, opening: i64, closing: i64) -> Span {
    let (opening, closing, last_sum) = (Some(opening), Some(closing), Some(1));
    Span { statement, source: 1, identity: Some(statement), from: 5, to: 5, opening, closing, last_sum }
}

#[test]
fn balances_tell_whether_a_statement_continues_another() {
    let (first, second, third, whole) = (span(1, 100, 110), span(2, 110, 130), span(3, 130, 125), span(4, 100, 125));
    let all = [first, second, third, whole];
    assert_eq!(neighbours(&second, &all), (HashSet::from([1, 3]), HashSet::new()));
    assert_eq!(neighbours(&third, &all).0, HashSet::from([1, 2]));
    assert_eq!(neighbours(&whole, &all), (HashSet::new(), HashSet::new()));
    let next_day = Span { from: 6, to: 6, ..second };
    assert_eq!(neighbours(&next_day, &all[..1]).0, HashSet::new());
}

#[test]
fn a_day_that_cancels_out_is_doubtful_only_between_numbered_statements() {
    let zero = |statement, identity| Span { identity, last_sum: Some(0), ..span(statement, 100, 100) };
    let doubtful = |one: Span, other: Span| neighbours(&one, &[other]).1;
    assert_eq!(doubtful(zero(2, Some(2)), zero(1, Some(1))), HashSet::from([1]));
    assert_eq!(doubtful(zero(2, Some(1)), zero(1, Some(1))), HashSet::new());
    assert_eq!(doubtful(zero(2, None), zero(1, None)), HashSet::new());
}
