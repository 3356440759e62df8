//! What a reader must find on the page.

use serde_json::json;

use super::*;

fn document() -> Value {
    json!({
        "info": { "title": "Florin", "version": "1", "description": "An API." },
        "tags": [{ "name": "accounts", "description": "Where money is." }],
        "paths": {
            "/v1/accounts/{id}": {
                "get": {
                    "tags": ["accounts"],
                    "summary": "Read <one> account",
                    "parameters": [{ "name": "id", "in": "path", "required": true, "description": "Its id" }],
                    "responses": {
                        "200": {
                            "description": "The account",
                            "content": { "application/json": {
                                "schema": { "$ref": "#/components/schemas/Account" },
                                "example": { "path": "assets/cash", "owner": null }
                            }, "text/csv": {
                                "examples": { "As a table": { "value": "path,owner" } }
                            } }
                        },
                        "404": {
                            "description": "No such account",
                            "content": { "application/problem+json": { "examples": { "account_unknown": {
                                "$ref": "#/components/examples/ledger.account_unknown"
                            } } } }
                        }
                    }
                }
            }
        },
        "components": { "examples": { "ledger.account_unknown": {
            "description": "Nobody opened `it`.", "value": { "status": 404 }
        } }, "schemas": { "Account": {
            "type": "object",
            "properties": {
                "path": { "type": "string", "example": "assets/cash" },
                "parent": { "$ref": "#/components/schemas/Account" },
                "owner": { "type": ["string", "null"] },
                "versions": { "type": "array", "items": { "type": "integer" } }
            }
        } } }
    })
}

#[test]
fn an_operation_shows_parameters_responses_and_refusals() {
    let page = page::docs(&document()).into_string();
    for words in [
        "Where money is.",
        "Read &lt;one&gt; account",
        "href=\"#get-v1-accounts--id-\"",
        "id=\"get-v1-accounts--id-\"",
        "assets/cash",
        "{ &quot;path&quot;: &quot;assets/cash&quot;, &quot;owner&quot;: null }",
        "As a table</p><pre><code>path,owner</code></pre>",
        "<td>path<span class=\"hint\"> required</span></td>",
        "<a href=\"#thing-Account\">Account</a>",
        "list of integer",
        "Nobody opened <code>it</code>.",
        "<code>account_unknown</code>",
    ] {
        assert!(page.contains(words), "{words} is not in\n{page}");
    }
}

#[test]
fn the_page_loads_no_external_resources() {
    let pages = [page::docs(&document()).into_string(), page::home("Florin").into_string()];
    for page in pages {
        assert!(!page.contains("<script") && !page.contains("http://") && !page.contains("https://"), "{page}");
    }
}
