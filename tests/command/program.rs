//! The built binary in a fresh directory, with an environment that holds only the settings of the test.

use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use ureq::http::Request;

/// Longer than anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// `<target>/debug/tsunagu`, two directories above this test, which stands in `deps`.
fn binary() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let path = this.ancestors().nth(2).unwrap().join("tsunagu");
    assert!(
        path.exists(),
        "{} is missing: `cargo xtask test` builds it first; by hand, `cargo build -p server`",
        path.display()
    );
    path
}

/// Asks until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("not within {PATIENCE:?}: {what}");
}

/// The directory in which the program runs, and its environment.
pub struct Place {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Standard output of a success.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }

    /// Standard error of a failure.
    #[track_caller]
    pub fn failed(self) -> String {
        assert_eq!(self.code, 1, "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self.err
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("an exit code"),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Place {
    /// An empty directory and no configuration, except for the port: any free one.
    pub fn empty() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            environment: vec![("TSUNAGU_LISTEN".to_owned(), "127.0.0.1:0".to_owned())],
        }
    }

    /// The same, with an empty database of the private cluster and a master key.
    pub fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("command_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let cluster = cluster();
        let done = Command::new("psql")
            .args(["-qXd", &cluster, "-c", &format!("create database {name}")])
            .output()
            .expect("psql");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let (server, _) = cluster.rsplit_once('/').unwrap();
        let place = Self::empty();
        place.write_key("master.key", 0o600);
        place.with("TSUNAGU_DATABASE_URL", &format!("{server}/{name}")).with("TSUNAGU_MASTER_KEY_FILE", "master.key")
    }

    /// Another place of the same kind with the same master key, and with no database or an empty one.
    pub fn another(&self) -> Self {
        if self.database().starts_with("postgres") {
            return Self::postgres();
        }
        let other = Self::empty();
        std::fs::create_dir(other.path().join("var")).unwrap();
        std::fs::copy(self.path().join("var/master.key"), other.path().join("var/master.key")).unwrap();
        other
    }

    /// The same with the master key of another place.
    pub fn another_with_key_of(&self, of: &Self) -> Self {
        let (key, other) = (std::fs::read(of.path().join(of.key())).unwrap(), self.another());
        std::fs::write(other.path().join(other.key()), key).unwrap();
        other
    }

    /// The path of its master key, as an operator writes it.
    pub fn key(&self) -> &'static str {
        if self.database().starts_with("postgres") { "master.key" } else { "var/master.key" }
    }

    /// The URL of its database.
    pub fn database(&self) -> String {
        let url = self.environment.iter().rev().find(|(name, _)| name == "TSUNAGU_DATABASE_URL");
        url.map_or_else(|| format!("sqlite:{}", self.path().join("var/tsunagu.db").display()), |(_, url)| url.clone())
    }

    /// Runs a statement behind the program's back, and returns what it selects, or an empty text.
    #[track_caller]
    pub fn sql(&self, sqlite: &str, postgres: &str) -> String {
        let url = self.database();
        let output = match url.strip_prefix("sqlite:") {
            Some(path) => {
                let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=10); r = c.execute(sys.argv[2]).fetchall(); c.commit(); print(*[v for row in r for v in row])";
                Command::new("python3").args(["-c", script, path, sqlite]).output()
            }
            None => Command::new("psql").args(["-qXAt", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", postgres]).output(),
        }
        .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The place with one more environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A file's text.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// Writes a master key.
    pub fn write_key(&self, name: &str, mode: u32) {
        let path = self.path().join(name);
        let mut file = File::options().write(true).create_new(true).mode(mode).open(path).unwrap();
        file.write_all(b"v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.env_clear().current_dir(self.path()).args(arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Said {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs a command to its end in a shell that first runs `before`.
    pub fn run_under(&self, before: &str, arguments: &[&str]) -> Said {
        let mut shell = Command::new("sh");
        shell.env_clear().current_dir(self.path()).stdin(Stdio::null());
        shell.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let line = format!("{before}; exec \"$0\" \"$@\"");
        shell.arg("-c").arg(line).arg(binary()).args(arguments).output().unwrap().into()
    }

    /// Runs a command to its end with this text on standard input.
    pub fn tell(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that refuses before it reads has closed its input already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// Starts the service and waits for its one line.
    pub fn serve(&self) -> Serving {
        self.serve_with(&["serve"])
    }

    /// The same with other arguments.
    pub fn serve_with(&self, arguments: &[&str]) -> Serving {
        let log = tempfile::tempfile().unwrap();
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::from(log.try_clone().unwrap()));
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut serving = Serving { child, lines, log, url: String::new() };
        match serving.lines.recv_timeout(PATIENCE) {
            Ok(line) => serving.url = line.strip_prefix("listening on ").expect(&line).to_owned(),
            Err(_) => panic!("it does not listen: {}", serving.log()),
        }
        serving
    }
}

/// A service that runs.
pub struct Serving {
    child: Child,
    lines: Receiver<String>,
    log: File,
    /// Its address, as it prints it.
    pub url: String,
}

impl Serving {
    /// What it wrote to standard error.
    pub fn log(&mut self) -> String {
        let mut text = String::new();
        self.log.rewind().unwrap();
        self.log.read_to_string(&mut text).unwrap();
        text
    }

    /// The URL of `/metrics`, as its log says.
    pub fn metrics_url(&mut self) -> String {
        let log = self.log();
        let line = log.lines().find(|line| line.contains("the metrics are served")).expect(&log);
        let line: Value = serde_json::from_str(line).unwrap();
        format!("http://{}/metrics", line["fields"]["address"].as_str().unwrap())
    }

    /// The text of `/metrics`.
    pub fn metrics(&mut self) -> String {
        ureq::get(self.metrics_url()).call().unwrap().body_mut().read_to_string().unwrap()
    }

    /// The most memory that it has held so far, in KiB.
    pub fn peak(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for its end and returns the exit code.
    pub fn code(mut self) -> Option<i32> {
        until("the end of the service", || self.child.try_wait().unwrap()).code()
    }

    /// A client with this login and the password of the demonstration.
    pub fn client(&self, login: &str) -> tests::Client {
        tests::Client::at(&self.url, &self.login(login, "tsunagu-demo").expect("a log-in"))
    }

    /// Waits for its end, which must be a clean one, with nothing more on standard output.
    pub fn ended(mut self) -> Duration {
        let begin = Instant::now();
        let status = until("the end of the service", || self.child.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{}", self.log());
        assert_eq!(self.lines.iter().collect::<Vec<_>>(), Vec::<String>::new());
        begin.elapsed()
    }

    /// Ends it, cleanly.
    pub fn stop(self) -> Duration {
        self.terminate();
        self.ended()
    }

    /// Asks, and returns status and text of the answer.
    pub fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut answer = agent.new_agent().run(request.body(body).unwrap()).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    }

    /// The JSON of a success.
    #[track_caller]
    pub fn get(&self, path: &str, token: &str) -> Value {
        let (status, text) = self.ask("GET", path, Some(token), None);
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Logs in and returns the token, or nothing.
    pub fn login(&self, login: &str, password: &str) -> Option<String> {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build();
        let sent = agent
            .new_agent()
            .post(format!("{}/api/v1/session", self.url))
            .send_json(json!({"login": login, "password": password}))
            .unwrap();
        let cookie = sent.headers().get("set-cookie")?.to_str().unwrap();
        let token = cookie.strip_prefix("tsunagu_session=")?.split(';').next()?;
        Some(token.to_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test command says where the private cluster is")]
fn cluster() -> String {
    std::env::var("TSUNAGU_TEST_POSTGRES")
        .expect("TSUNAGU_TEST_POSTGRES is not set: use `cargo xtask test`, or `cargo xtask postgres`")
}

/// Writes each test twice: `on_each! { fn a_sentence(place) { … } }`.
macro_rules! on_each {
    ($($(#[$meta:meta])* fn $name:ident($place:ident) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn run($place: $crate::program::Place) $body

            #[test]
            fn sqlite() {
                run($crate::program::Place::empty());
            }

            #[test]
            fn postgres() {
                run($crate::program::Place::postgres());
            }
        }
    )+};
}
pub(crate) use on_each;
