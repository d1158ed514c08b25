//! Reads the formulas that a message prints, such as `height: floor((28 + 2 * 1 - 3) / 2) + 1 = 14`, and evaluates
//! them.

/// An equation of a message.
#[derive(Clone, PartialEq, Debug)]
pub struct Equation {
    /// As printed.
    pub text: String,
    left: Expr,
    right: Expr,
}

/// A statement about a number.
#[derive(Clone, PartialEq, Debug)]
enum Expr {
    Number(f64),
    /// A run-time size, counted in the order in which the line names them.
    Symbol(String),
    Binary(Box<Expr>, char, Box<Expr>),
    Floor(Box<Expr>),
    Ceil(Box<Expr>),
    Negated(Box<Expr>),
}

/// The equations in a line of a message. Text in backticks is code and not an equation.
#[must_use]
pub fn equations(line: &str) -> Vec<Equation> {
    let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" _ ");
    let mut found = Vec::new();
    // A chain `a = b = c` is two equations.
    for (at, _) in plain.match_indices(" = ") {
        let (before, after) = (&plain[..at], &plain[at + 3..]);
        let starts = before.char_indices().map(|(start, _)| start);
        let left = starts.filter(|start| starts_word(before, *start)).find_map(|start| whole(&before[start..]));
        let ends = (1..=after.len()).rev().filter(|end| after.is_char_boundary(*end) && ends_word(after, *end));
        let right = ends.into_iter().find_map(|end| whole(&after[..end]));
        if let (Some((left_text, left)), Some((right_text, right))) = (left, right) {
            found.push(Equation { text: format!("{left_text} = {right_text}"), left, right });
        }
    }
    found
}

impl Equation {
    /// Whether both sides are equal, for all values of the symbols.
    #[must_use]
    pub fn holds(&self) -> bool {
        [1.0, 2.0, 3.0, 7.0, 64.0].into_iter().all(|value| {
            // Two symbols are not equal.
            let symbol = |name: &str| value + name.bytes().map(|byte| f64::from(byte % 7)).sum::<f64>();
            (self.left.value(&symbol) - self.right.value(&symbol)).abs() < 1e-6
        })
    }
}

impl Expr {
    fn value(&self, symbol: &dyn Fn(&str) -> f64) -> f64 {
        match self {
            Expr::Number(value) => *value,
            Expr::Symbol(name) => symbol(name),
            Expr::Floor(of) => of.value(symbol).floor(),
            Expr::Ceil(of) => of.value(symbol).ceil(),
            Expr::Negated(of) => -of.value(symbol),
            Expr::Binary(left, operator, right) => {
                let (left, right) = (left.value(symbol), right.value(symbol));
                match operator {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    _ => left / right,
                }
            }
        }
    }
}

fn starts_word(text: &str, start: usize) -> bool {
    let before = text[..start].chars().next_back();
    before.is_none_or(|c| c == ' ') && text[start..].starts_with(|c: char| !c.is_whitespace())
}

fn ends_word(text: &str, end: usize) -> bool {
    text[end..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '.')
        && text[..end].ends_with(|c: char| !c.is_whitespace())
}

/// A text that is an expression from beginning to end.
fn whole(text: &str) -> Option<(String, Expr)> {
    let mut reader = Reader { rest: text };
    let expr = reader.sum()?;
    // A lone word is a word.
    let word = matches!(&expr, Expr::Symbol(name) if name.len() > 2);
    (reader.rest.trim().is_empty() && !word).then(|| (text.trim().to_owned(), expr))
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn takes(&mut self, token: &str) -> bool {
        match self.rest.trim_start().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn sum(&mut self) -> Option<Expr> {
        let mut left = self.product()?;
        loop {
            let operator = if self.takes("+") {
                '+'
            } else if self.takes("-") {
                '-'
            } else {
                return Some(left);
            };
            left = Expr::Binary(Box::new(left), operator, Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Option<Expr> {
        let mut left = self.factor()?;
        loop {
            let operator = if self.takes("*") {
                '*'
            } else if self.takes("/") {
                '/'
            } else {
                return Some(left);
            };
            left = Expr::Binary(Box::new(left), operator, Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Option<Expr> {
        if self.takes("-") {
            return Some(Expr::Negated(Box::new(self.factor()?)));
        }
        if self.takes("floor(") {
            return self.closed().map(|of| Expr::Floor(Box::new(of)));
        }
        if self.takes("ceil(") {
            return self.closed().map(|of| Expr::Ceil(Box::new(of)));
        }
        if self.takes("(") {
            return self.closed();
        }
        let text = self.rest.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let word = word.trim_end_matches('.');
        self.rest = if word.len() == end { rest } else { &text[word.len()..] };
        match word.parse() {
            Ok(value) => Some(Expr::Number(value)),
            Err(_) if word.starts_with(char::is_alphabetic) => Some(Expr::Symbol(word.to_owned())),
            Err(_) => None,
        }
    }

    fn closed(&mut self) -> Option<Expr> {
        let inner = self.sum()?;
        self.takes(")").then_some(inner)
    }
}

#[cfg(test)]
mod tests {
    use super::equations;

    fn read(line: &str) -> Vec<(String, bool)> {
        equations(line).into_iter().map(|equation| (equation.text.clone(), equation.holds())).collect()
    }

    #[test]
    fn true_and_false() {
        let line = "height: (12 - 1) * 2 - 2 * 0 + 1 * (5 - 1) + 0 + 1 = 27";
        assert_eq!(read(line), [(line["height: ".len()..].to_owned(), true)]);
        assert!(!read("height: floor((28 - 3) / 2) + 1 = 14")[0].1);
        assert!(read("height: ceil((28 - 3) / 2) + 1 = 14, less 1: it starts in the border (row 6 of 5 + 1)")[0].1);
        assert!(read("width: floor((16*w + 4 + 2 * 1 - 1 * (4 - 1) - 1) / 2) + 1 = 8*w + 2")[0].1);
        assert!(!read("width: floor((16*w + 4 + 2 * 1 - 1 * (4 - 1) - 1) / 2) + 1 = 8*w + 3")[0].1);
    }

    #[test]
    fn several_in_a_line() {
        let found = read("height: kernel 1 * (3 - 1) + 1 = 3, padded input 2 + 0 + 0 = 2");
        assert_eq!(found, [("1 * (3 - 1) + 1 = 3".to_owned(), true), ("2 + 0 + 0 = 2".to_owned(), true)]);
        assert_eq!(read("16 * 7 * 7 = 784, not 512"), [("16 * 7 * 7 = 784".to_owned(), true)]);
        assert_eq!(read("note: with stride 2, heights 27 and 28 both become 12 in `enc1`"), []);
        assert_eq!(read("note: it holds from `w = 2` on"), []);
    }
}
