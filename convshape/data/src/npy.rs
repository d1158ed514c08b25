//! The header of an npy file (numpy's `lib.format`): `\x93NUMPY`, a version, the length of what follows,
//! and a dictionary in Python's notation with `descr`, `fortran_order` and `shape`.

use std::io::Read;

use crate::dtype::Dtype;
use crate::{Array, Damage, MOST_AXES, Place, fits};

/// Bytes before the length of the dictionary.
const MAGIC_BYTES: u64 = 8;
/// The longest dictionary that is read, in bytes. Numpy itself refuses more than 10,000 by default.
const MOST_BYTES: u64 = 1 << 20;

/// Reads the header of a file or entry of `length` bytes.
pub(crate) fn read(file: &mut impl Read, length: u64) -> Result<Array, Damage> {
    let mut magic = [0; 8];
    file.read_exact(&mut magic)?;
    if !magic.starts_with(b"\x93NUMPY") {
        return Err(Damage::Malformed("it does not begin with `\\x93NUMPY`".to_owned()));
    }
    let (bytes, dictionary) = match magic[6] {
        1 => {
            let mut length = [0; 2];
            file.read_exact(&mut length)?;
            (2, u64::from(u16::from_le_bytes(length)))
        }
        2 | 3 => {
            let mut length = [0; 4];
            file.read_exact(&mut length)?;
            (4, u64::from(u32::from_le_bytes(length)))
        }
        other => return Err(Damage::Malformed(format!("version {other} of the format is not known"))),
    };
    let header = MAGIC_BYTES + bytes + dictionary;
    if header > length || dictionary > MOST_BYTES {
        return Err(Damage::Length { header: dictionary, file: length });
    }
    let mut text = Vec::new();
    file.take(dictionary).read_to_end(&mut text)?;
    if text.len() as u64 != dictionary {
        return Err(Damage::Length { header: dictionary, file: length });
    }
    let text = String::from_utf8_lossy(&text);
    let Dictionary { descr, fortran, shape } = parse(&text)?;
    let dtype = Dtype::of_numpy(&descr);
    let array = Array { name: String::new(), dtype, shape, fortran, place: Place::Plain(header) };
    fits(&array, length - header)?;
    Ok(array)
}

struct Dictionary {
    descr: String,
    fortran: bool,
    shape: Vec<usize>,
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }`
fn parse(text: &str) -> Result<Dictionary, Damage> {
    let malformed = |what: &str| Damage::Malformed(what.to_owned());
    let mut text = Text(text.trim());
    if !text.eat("{") {
        return Err(malformed("no dictionary"));
    }
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    while !text.eat("}") {
        let key = text.string().ok_or_else(|| malformed("a key is not a string"))?;
        if !text.eat(":") {
            return Err(malformed("`:` is missing after a key"));
        }
        let again = match key {
            "descr" => descr.replace(text.descr().ok_or_else(|| malformed("`descr` is not a type"))?).is_some(),
            "fortran_order" => {
                fortran.replace(text.bool().ok_or_else(|| malformed("`fortran_order` is not a bool"))?).is_some()
            }
            "shape" => shape.replace(text.shape()?).is_some(),
            _ => return Err(malformed("an unknown key")),
        };
        if again {
            return Err(malformed("a key is given twice"));
        }
        if !text.eat(",") && !text.0.starts_with('}') {
            return Err(malformed("`,` is missing between keys"));
        }
    }
    if !text.0.is_empty() {
        return Err(malformed("something follows the dictionary"));
    }
    match (descr, fortran, shape) {
        (Some(descr), Some(fortran), Some(shape)) => Ok(Dictionary { descr, fortran, shape }),
        (None, ..) => Err(malformed("`descr` is missing")),
        (_, None, _) => Err(malformed("`fortran_order` is missing")),
        (.., None) => Err(malformed("`shape` is missing")),
    }
}

/// The rest of a text. Spaces between tokens are skipped.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let found = self.0.strip_prefix(token);
        if let Some(rest) = found {
            self.0 = rest.trim_start();
        }
        found.is_some()
    }

    fn string(&mut self) -> Option<&'a str> {
        let quote = self.0.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (text, rest) = self.0[1..].split_once(quote)?;
        self.0 = rest.trim_start();
        Some(text)
    }

    /// A string, or the list of a structured type, whose elements are not numbers.
    fn descr(&mut self) -> Option<String> {
        if !self.0.starts_with('[') {
            return self.string().map(str::to_owned);
        }
        let end = self.0.rfind(']')?;
        self.0 = self.0[end + 1..].trim_start();
        Some("a structured type".to_owned())
    }

    fn bool(&mut self) -> Option<bool> {
        if self.eat("True") {
            return Some(true);
        }
        self.eat("False").then_some(false)
    }

    /// `(60000, 28, 28)`, `(10,)`, `()`; numbers of Python 2 end in `L`.
    fn shape(&mut self) -> Result<Vec<usize>, Damage> {
        let malformed = || Damage::Malformed("`shape` is not a tuple of sizes".to_owned());
        if !self.eat("(") {
            return Err(malformed());
        }
        let mut shape = Vec::new();
        while !self.eat(")") {
            let digits = self.0.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(self.0.len());
            let (number, rest) = self.0.split_at(digits);
            if number.is_empty() {
                return Err(malformed());
            }
            // What overflows is more than any machine can address.
            shape.push(number.parse().unwrap_or(usize::MAX));
            if shape.len() > MOST_AXES {
                return Err(Damage::Axes(shape.len()));
            }
            self.0 = rest.trim_start();
            self.eat("L");
            if !self.eat(",") && !self.0.starts_with(')') {
                return Err(malformed());
            }
        }
        Ok(shape)
    }
}
