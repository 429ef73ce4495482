//! The program as a process, in a folder and an environment of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// That it did what it was told.
    pub(crate) fn done(self) -> Ran {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }

    /// That it refused with one line, which is given back.
    pub(crate) fn refused(self) -> String {
        assert_eq!((self.code, self.out.as_str()), (1, ""), "{}", self.err);
        assert_eq!(self.err.lines().count(), 1, "one clear line: {}", self.err);
        assert!(self.err.starts_with("weir: "), "{}", self.err);
        self.err
    }

    /// Its output as one JSON document on one line.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.out.lines().count(), 1, "{}", self.out);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// A folder to run in and the variables to run with.
pub(crate) struct Weir {
    dir: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Weir {
    pub(crate) fn new() -> Weir {
        Weir { dir: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// One that talks to `server` with a token that it knows from the
    /// environment.
    pub(crate) fn asking(server: &str) -> Weir {
        Weir::new().with("WEIR_SERVER", server).with("WEIR_TOKEN", "weirop_secret")
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Weir {
        self.variables.push((name, value.to_owned()));
        self
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        // Nothing of whoever runs the tests comes in, not a proxy either.
        command.env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.dir()).args(args).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a line of words; none of them holds a blank.
    pub(crate) fn line(&self, line: &str) -> Ran {
        self.run(&line.split(' ').collect::<Vec<_>>())
    }

    /// Runs with nobody left to read what it prints.
    pub(crate) fn unread(&self, args: &[&str]) -> (i32, String) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = self.command(args).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

/// A `weir serve` of its own, ended with the value.
pub(crate) struct Served {
    child: Child,
    weir: Weir,
    base: String,
    said: Vec<String>,
}

impl Served {
    /// Starts one on a free port and waits until it says where it serves.
    pub(crate) fn start() -> Served {
        Served::start_in(Weir::new())
    }

    /// The same, in a folder that may hold data already.
    pub(crate) fn start_in(weir: Weir) -> Served {
        let mut child = weir
            .command(&["serve", "--data", "data", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut before = Vec::new();
        let base = said.find_map(|line| {
            let base = line.strip_prefix("weir serves ").map(str::to_owned);
            before.push(line);
            base
        });
        let base = base.unwrap();
        // What it says further is read to its end, so that it never waits.
        std::thread::spawn(move || said.for_each(drop));
        let weir = weir.with("WEIR_SERVER", &base).with("WEIR_TOKEN_FILE", "data/operator.token");
        Served { child, weir, base, said: before }
    }

    /// The program beside it, with its token.
    pub(crate) fn weir(&self) -> &Weir {
        &self.weir
    }

    /// What it said up to where it serves, a line each.
    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    /// Someone else who may act there, in a folder of their own.
    pub(crate) fn operator(&self, name: &str, role: &str) -> Weir {
        let added = self.weir.line(&format!("operator add {name} --role {role}")).done().json();
        Weir::new().with("WEIR_SERVER", &self.base).with("WEIR_TOKEN", added["token"].as_str().unwrap())
    }

    /// Where it serves.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The folder that holds everything.
    pub(crate) fn data(&self) -> PathBuf {
        self.weir.dir().join("data")
    }

    /// Ends it and leaves the folder.
    pub(crate) fn end(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended already needs no ending.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}
