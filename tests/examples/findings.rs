//! Prints what the front end finds in the chains of a file, without rustc, and what each suggestion leaves:
//! `cargo run -p convshape-tests --example findings -- FILE`, or a chain on the standard input.
#![expect(clippy::print_stdout, reason = "prints messages")]

use std::io::Read;

use convshape_tests::judge;

fn main() -> std::io::Result<()> {
    let source = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(file)?,
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
    };
    for finding in judge::findings(&source) {
        println!("{}\n", judge::rendered(&finding));
    }
    for help in judge::judge(&source).helps {
        let left: Vec<String> = help.left.iter().map(judge::rendered).collect();
        let result = match (&help.fixed, left.as_slice()) {
            (None, _) => "CANNOT BE APPLIED".to_owned(),
            (_, []) => "leaves no error".to_owned(),
            _ => format!("LEAVES {} errors\n{}", left.len(), left.join("\n")),
        };
        println!("-- {}: {result}", help.text);
    }
    Ok(())
}
