//! Random rows: what is written is read back, what is read has one encoding, and garbage never panics.

use ledger_api::{AccountStatus, Side};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::*;

const SEQ: u64 = 1 << 40;

fn sums() -> impl Strategy<Value = Sums> {
    prop::array::uniform4(0..=i64::MAX).prop_map(super::sums)
}

/// None, or an earlier row.
fn pointer() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 1..SEQ]
}

fn side() -> impl Strategy<Value = SideAfter> {
    let late = prop_oneof![Just(Sums::default()), sums()];
    (sums(), option::of(any::<i64>()), any::<u64>(), pointer(), pointer(), late)
        .prop_map(|(sums, floor, version, prev, jump, late)| SideAfter { sums, floor, version, prev, jump, late })
}

fn head() -> impl Strategy<Value = TransactionHead> {
    let times = (option::of(0..=i64::MAX), option::of(0..=i64::MAX));
    let texts = (option::of("[!-~]{1,40}"), option::of(any::<[u8; 32]>()), option::of(any::<[u8; 16]>()));
    (any::<u128>(), any::<u8>(), option::of(any::<u128>()), times, texts).prop_map(
        |(id, legs, target, times, texts)| {
            let ((effective_at, expires_at), (reference, metadata, asked)) = (times, texts);
            TransactionHead { id, legs, target, effective_at, expires_at, reference, metadata, asked }
        },
    )
}

fn leg() -> impl Strategy<Value = Row> {
    let hold = (1..=SEQ, 0..=i64::MAX, 0..=i64::MAX, 0..=i64::MAX);
    let plain = (any::<u64>(), any::<u64>(), 0..=i64::MAX, any::<bool>(), any::<u8>());
    (16..=22_u8, option::of(head()), plain, hold, side(), side()).prop_map(
        |(kind, head, plain, hold, debit_side, credit_side)| {
            let kind = LegKind::from_byte(kind).unwrap();
            let (debit, credit, amount, overrides_floor, index) = plain;
            let (seq, posted, released, remaining) = hold;
            let hold = kind.concerns_hold().then_some(HoldAfter { seq, posted, released, remaining });
            let index = if head.is_some() { 0 } else { index };
            let row =
                LegRow { kind, index, head, debit, credit, amount, overrides_floor, hold, debit_side, credit_side };
            Row::Leg(Box::new(row))
        },
    )
}

fn event() -> impl Strategy<Value = AccountEvent> {
    let texts = (".{0,40}", "[A-Z]{3,12}", option::of("[!-~]{1,40}"), option::of("[!-~]{1,40}"));
    let opened = (texts, any::<u8>(), any::<bool>()).prop_map(|((path, currency, owner, reference), scale, debit)| {
        let normal = if debit { Side::Debit } else { Side::Credit };
        AccountEvent::Opened(Box::new(Opening { path, currency, scale, normal, owner, reference }))
    });
    prop_oneof![
        opened,
        Just(AccountEvent::Frozen),
        Just(AccountEvent::Unfrozen),
        Just(AccountEvent::Closed),
        Just(AccountEvent::LimitsSet),
        Just(AccountEvent::MetadataSet),
    ]
}

fn account() -> impl Strategy<Value = Row> {
    let status = prop_oneof![Just(AccountStatus::Open), Just(AccountStatus::Frozen), Just(AccountStatus::Closed)];
    let limits = (option::of(any::<i64>()), option::of(any::<i64>()));
    let metadata = option::of((any::<[u8; 32]>(), any::<u64>()));
    (event(), any::<u64>(), status, limits, metadata, any::<u64>(), sums()).prop_map(
        |(event, account, status, (floor, ceiling), metadata, version, sums)| {
            let (metadata, metadata_seq) = metadata.map_or((None, 0), |(hash, seq)| (Some(hash), seq));
            let state = AccountState { status, floor, ceiling, metadata, metadata_seq };
            Row::Account(AccountRow { event, account, state, version, sums })
        },
    )
}

fn planned() -> impl Strategy<Value = Row> {
    let names = (option::of("[!-~]{1,40}"), option::of(any::<[u8; 32]>()));
    let scheduled = (any::<u128>(), 0..=i64::MAX, vec(any::<u64>(), 0..9), ".{0,80}", names.clone()).prop_map(
        |(id, due_at, accounts, operation, (reference, metadata))| {
            Row::Scheduled(ScheduledRow { id, due_at, accounts, operation, reference, metadata })
        },
    );
    let cancelled =
        (any::<u128>(), any::<u128>(), 1..SEQ, names).prop_map(|(id, target, scheduled, (reference, metadata))| {
            Row::Cancelled(CancelledRow { id, target, scheduled, reference, metadata })
        });
    let failed = (any::<u128>(), 1..SEQ, ".{0,80}")
        .prop_map(|(id, scheduled, refusal)| Row::Failed(FailedRow { id, scheduled, refusal }));
    prop_oneof![scheduled, cancelled, failed]
}

fn any_row() -> impl Strategy<Value = Row> {
    let asset = (".{0,20}", any::<u8>()).prop_map(|(code, scale)| Row::Asset(AssetRow { code, scale }));
    let refusal = (any::<u128>(), any::<[u8; 16]>(), ".{0,80}")
        .prop_map(|(id, command, refusal)| Row::Refusal(RefusalRow { id, command, refusal }));
    prop_oneof![asset, refusal, account(), leg(), leg(), planned()]
}

proptest! {
    #[test]
    fn a_row_survives_a_round_trip(row in any_row()) {
        let bytes = row.encode(SEQ);
        prop_assert_eq!(Row::decode(SEQ, &bytes), Ok(row));
    }

    #[test]
    fn decoding_garbage_never_panics(bytes in vec(any::<u8>(), 0..200), seq in any::<u64>()) {
        let _ = Row::decode(seq, &bytes);
    }

    /// Undefined bits, padded numbers, a second encoding of "none": none of them is accepted.
    #[test]
    fn a_decoded_row_has_one_encoding(row in any_row()) {
        let good = row.encode(SEQ);
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = Row::decode(SEQ, &bytes) {
                prop_assert_eq!(read.encode(SEQ), bytes);
            }
        }
    }
}
