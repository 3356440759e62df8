//! Headers of pools may be members of other pools, but never of themselves through a chain.

use crate::error::{QuantError, Result, at_most};

const POOLS_MAX: usize = 1_000;

/// Each pool as its header and its members.
pub fn check_headers(pools: &[(&str, &[&str])]) -> Result<()> {
    at_most("pools", pools.len(), POOLS_MAX)?;
    for (header, _) in pools {
        let mut chain = vec![*header];
        // What feeds a header directly, then what feeds that, until nothing new comes.
        for place in 0.. {
            let Some(account) = chain.get(place).copied() else { break };
            for member in pools.iter().filter(|(header, _)| *header == account).flat_map(|(_, members)| members.iter())
            {
                if member == header {
                    return Err(QuantError::HeaderCycle { account: (*header).to_owned() });
                }
                if !chain.contains(member) {
                    chain.push(member);
                }
            }
        }
    }
    Ok(())
}
