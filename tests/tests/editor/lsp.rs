//! A language server's client, as small as the test needs it.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Loading a crate builds its dependencies. The first answer also analyses it, which takes more than a minute for a
/// debug build of the server on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// A running rust-analyzer with one crate open. Dropping it ends the server.
pub(crate) struct Editor {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    uri: String,
    text: String,
    version: i64,
    requests: i64,
}

/// The program: `RUST_ANALYZER`, or what `PATH` has, if it runs.
pub(crate) fn find() -> Option<PathBuf> {
    let program = std::env::var_os("RUST_ANALYZER").map_or("rust-analyzer".into(), PathBuf::from);
    let answer = Command::new(&program).arg("--version").stderr(Stdio::null()).output().ok()?;
    answer.status.success().then_some(program)
}

impl Editor {
    /// Opens `src/lib.rs` of a crate, and waits until it is analysed.
    pub(crate) fn open(program: &Path, crate_dir: &Path, target_dir: &Path) -> Self {
        let mut child = Command::new(program)
            .current_dir(crate_dir)
            .env("CARGO_TARGET_DIR", target_dir)
            .env("CARGO_NET_OFFLINE", "true")
            // The crate needs the toolchain, but not the environment of the test.
            .env_remove("RUSTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        let input = child.stdin.take().expect("a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let file = crate_dir.join("src/lib.rs");
        let text = std::fs::read_to_string(&file).expect("the crate's source");
        let root = format!("file://{}", crate_dir.display());
        let uri = format!("file://{}", file.display());
        let mut editor = Self { child, input, messages, uri, text, version: 1, requests: 0 };
        editor.request(
            "initialize",
            json!({
                "processId": std::process::id(),
                "rootUri": root,
                "workspaceFolders": [{ "uri": root, "name": "scratch" }],
                "capabilities": {
                    "experimental": { "serverStatusNotification": true },
                    "textDocument": {
                        "hover": { "contentFormat": ["markdown"] },
                        "rename": { "prepareSupport": true },
                        "publishDiagnostics": {},
                    },
                },
                "initializationOptions": { "checkOnSave": false, "cachePriming": { "enable": false } },
            }),
        );
        editor.notify("initialized", json!({}));
        let document = json!({ "uri": editor.uri, "languageId": "rust", "version": 1, "text": editor.text });
        editor.notify("textDocument/didOpen", json!({ "textDocument": document }));
        editor.wait("the crate's analysis", PATIENCE, |message| {
            (message["method"] == "experimental/serverStatus" && message["params"]["quiescent"] == true).then_some(())
        });
        editor
    }

    /// Replaces the text.
    pub(crate) fn write(&mut self, text: &str) {
        self.text = text.to_owned();
        self.version += 1;
        let document = json!({ "uri": self.uri, "version": self.version });
        let changes = json!([{ "text": text }]);
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// The hover text at the position marked `|` in a piece of the text.
    pub(crate) fn hover(&mut self, place: &str) -> String {
        let found = self.ask("textDocument/hover", place, json!({}));
        found["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// The pieces of text, each up to its line's end, that a definition leads to; other files by name.
    pub(crate) fn definition(&mut self, place: &str) -> Vec<String> {
        let found = self.ask("textDocument/definition", place, json!({}));
        let links = found.as_array().cloned().unwrap_or_default();
        let target = |link: &Value| {
            let uri = link["targetUri"].as_str().or(link["uri"].as_str()).unwrap_or_default();
            if uri != self.uri {
                return uri.rsplit('/').next().unwrap_or_default().to_owned();
            }
            let range = if link["range"].is_null() { &link["targetSelectionRange"] } else { &link["range"] };
            let start = offset(&self.text, &range["start"]);
            self.text[start..].lines().next().unwrap_or_default().to_owned()
        };
        links.iter().map(target).collect()
    }

    /// The text after renaming, or why it is refused.
    pub(crate) fn rename(&mut self, place: &str, name: &str) -> Result<String, String> {
        let found = self.ask("textDocument/rename", place, json!({ "newName": name }));
        if let Some(error) = found["error"].as_str() {
            return Err(error.to_owned());
        }
        let mut edits = Vec::new();
        let changes = found["changes"][&self.uri].as_array().cloned().unwrap_or_default();
        let documents = found["documentChanges"].as_array().cloned().unwrap_or_default();
        for edit in changes.iter().chain(documents.iter().flat_map(|document| document["edits"].as_array()).flatten()) {
            let range = (offset(&self.text, &edit["range"]["start"]), offset(&self.text, &edit["range"]["end"]));
            edits.push((range, edit["newText"].as_str().unwrap_or_default().to_owned()));
        }
        edits.sort();
        edits.dedup();
        let mut text = self.text.clone();
        for ((start, end), new) in edits.into_iter().rev() {
            text.replace_range(start..end, &new);
        }
        Ok(text)
    }

    /// The completions at a position.
    pub(crate) fn completion(&mut self, place: &str) -> Vec<String> {
        let found = self.ask("textDocument/completion", place, json!({}));
        let items = found["items"].as_array().or(found.as_array()).cloned().unwrap_or_default();
        items.iter().filter_map(|item| Some(item["label"].as_str()?.to_owned())).collect()
    }

    fn ask(&mut self, method: &str, place: &str, mut params: Value) -> Value {
        let position = self.position(place);
        params["textDocument"] = json!({ "uri": self.uri });
        params["position"] = position;
        self.request(method, params)
    }

    fn position(&self, place: &str) -> Value {
        let (before, after) = place.split_once('|').expect("a `|` marks the place");
        let piece = format!("{before}{after}");
        let start = self.text.find(&piece).unwrap_or_else(|| panic!("`{piece}` is not in the text"));
        assert_eq!(self.text.matches(&piece).count(), 1, "`{piece}` is there more than once");
        let head = &self.text[..start + before.len()];
        let line = head.matches('\n').count();
        let column = head.len() - head.rfind('\n').map_or(0, |newline| newline + 1);
        json!({ "line": line, "character": column })
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        // Typing cancels a request, so it is repeated.
        for _ in 0..20 {
            self.requests += 1;
            let id = self.requests;
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
            let answer = self.wait(method, PATIENCE, |message| {
                (message["id"] == id && message["method"].is_null()).then(|| message.clone())
            });
            let error = &answer["error"];
            if error.is_null() {
                return answer["result"].clone();
            }
            const CONTENT_MODIFIED: i64 = -32801;
            if error["code"] != CONTENT_MODIFIED {
                return json!({ "error": error["message"] });
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{method} is cancelled over and over");
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("the server reads");
        self.input.flush().expect("the server reads");
    }

    /// The first message that `wanted` accepts. The server's own requests are answered with nothing.
    fn wait<T>(&mut self, what: &str, time: Duration, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let end = Instant::now() + time;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left).unwrap_or_else(|_| panic!("no answer in time: {what}"));
            if let Some(found) = wanted(&message) {
                return found;
            }
            if message["method"].is_string() && !message["id"].is_null() {
                self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": null }));
            }
        }
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // The server keeps no data, so killing it is enough.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The next message; `None` at the end.
fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// The byte offset of a line and a column. The texts here are ASCII.
fn offset(text: &str, position: &Value) -> usize {
    let number = |name: &str| usize::try_from(position[name].as_u64().expect("a number")).expect("a position");
    let line: usize = text.split_inclusive('\n').take(number("line")).map(str::len).sum();
    line + number("character")
}
