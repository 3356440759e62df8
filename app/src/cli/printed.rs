//! Examples of the commands that print what this version is.

pub(super) const OPENAPI_EXAMPLES: &str = "\
Examples:
  florin openapi > openapi.json
  florin openapi | jq '.paths | keys'

A running server shows the same at /openapi.json, and for people at /docs.";

pub(super) const CATALOGUE_EXAMPLES: &str = "\
Examples:
  florin catalogue | jq '.rooms[] | {name, calls, reads}'
  florin catalogue | jq -r '.parts[] | [.name, .owner, (.calls | join(\" \"))] | @tsv'
  florin catalogue | jq -r '(.metrics + [.parts[].metrics[]])[] | [.name, .kind, .unit] | @tsv'

The chart in deploy/ is checked against it.";
