//! What the front end says about a chain.

#![allow(dead_code, reason = "each test uses its part")]

use convshape_front::findings;

/// The codes and first lines of a chain's findings.
pub(crate) fn errors(chain: &str) -> Vec<String> {
    let tokens = format!("pub struct Model {{ {chain} }}").parse().expect("the chain is made of tokens");
    findings(tokens).iter().map(|finding| format!("[{}] {}", finding.code, finding.message)).collect()
}

/// The same, each with its further lines.
pub(crate) fn told(chain: &str) -> Vec<String> {
    let tokens = format!("pub struct Model {{ {chain} }}").parse().expect("the chain is made of tokens");
    let text = |finding: &convshape_front::Finding| {
        let lines = finding.lines.iter().map(|line| format!(" | {line}"));
        format!("[{}] {}{}", finding.code, finding.message, lines.collect::<String>())
    };
    findings(tokens).iter().map(text).collect()
}

pub(crate) fn accepted(chain: &str) {
    assert_eq!(errors(chain), [""; 0], "{chain}");
}

/// Rejected for one reason.
pub(crate) fn refused(chain: &str, message: &str) {
    assert_eq!(errors(chain), [message], "{chain}");
}
