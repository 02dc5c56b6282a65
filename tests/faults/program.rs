//! The built program as a process that can be killed.

use crate::clock::SteppedClock;
use aho_corasick::AhoCorasick;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything may take, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(240);
/// The same for every start, so that a session outlives the process.
pub const PUBLIC_URL: &str = "http://tsunagu.test";

/// Asks until there is an answer.
#[track_caller]
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

/// Sends a signal to a process, which may be gone.
pub fn kill(process: u32, signal: &str) {
    let _gone = Command::new("kill").args(["-s", signal, &process.to_string()]).stderr(Stdio::null()).status();
}

/// `<target>/debug/tsunagu`, two directories above this test, which stands in `deps`.
fn binary() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let path = this.ancestors().nth(2).unwrap().join("tsunagu");
    assert!(path.exists(), "{} is missing: {BUILD_IT}", path.display());
    // If the program was built without failpoints, the test would wait for ever for a point that does not exist.
    static ARMED: OnceLock<bool> = OnceLock::new();
    let armed = *ARMED.get_or_init(|| {
        let program = std::fs::read(&path).unwrap();
        AhoCorasick::new(["before_commit"]).unwrap().is_match(&program)
    });
    assert!(armed, "{} has no failpoints: {BUILD_IT}", path.display());
    path
}

const BUILD_IT: &str =
    "`cargo xtask test` and `cargo xtask faults` build it; by hand, `cargo build -p server --features failpoints`";

/// Where and how the program runs.
pub struct Program {
    directory: PathBuf,
    environment: Vec<(String, String)>,
    metrics: SocketAddr,
}

/// A free address, below the ports that the kernel hands out. It is the same at every start, and each program has another.
fn an_address() -> SocketAddr {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 12_000).unwrap();
    let mut addresses = std::iter::repeat_with(|| {
        let port = 20_000 + (first + GIVEN.fetch_add(1, Ordering::Relaxed) % 12_000) % 12_000;
        SocketAddr::from(([127, 0, 0, 1], port))
    });
    addresses.find(|address| TcpListener::bind(address).is_ok()).unwrap()
}

impl Program {
    pub fn new(directory: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        let key = directory.join("master.key");
        let metrics = an_address();
        let own = [
            ("TSUNAGU_LISTEN", "127.0.0.1:0"),
            ("TSUNAGU_METRICS_LISTEN", &metrics.to_string()),
            ("TSUNAGU_REQUESTS_PER_MINUTE_PERSON", "1000000"),
            ("TSUNAGU_REQUESTS_PER_MINUTE_ADDRESS", "1000000"),
            ("TSUNAGU_PUBLIC_URL", PUBLIC_URL),
            ("TSUNAGU_LOG", "warn"),
            ("TSUNAGU_MASTER_KEY_FILE", &key.to_string_lossy()),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { directory: directory.to_owned(), environment: own.into_iter().chain(environment).collect(), metrics }
    }

    /// The text of `/metrics`.
    pub fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.metrics);
        ureq::get(url).call().unwrap().body_mut().read_to_string().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.env_clear().current_dir(&self.directory).args(arguments).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end with this text on standard input, and returns what it printed.
    #[track_caller]
    pub fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            // A command that refuses before it reads has closed its input already.
            scope.spawn(move || stdin.write_all(input.as_bytes()).ok());
            child.wait_with_output().unwrap()
        });
        assert!(
            output.status.success(),
            "{arguments:?}: {} {} {}",
            output.status,
            String::from_utf8_lossy(&output.stdout).chars().take(2000).collect::<String>(),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command to its end, however it ends, and returns what it printed.
    pub fn said(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.command(arguments).output().unwrap().stdout).unwrap()
    }

    /// Begins to serve. `armed` says what the failpoints do; empty, they do nothing.
    pub fn begin(&self, armed: &str) -> Starting {
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = self.command(&["serve"]);
        command.env("FAILPOINTS", armed).stdout(Stdio::piped()).stderr(log);
        Starting(command.spawn().unwrap())
    }

    /// Starts the service and waits for its one line.
    pub fn serve(&self, armed: &str) -> Serving {
        let mut starting = self.begin(armed);
        let mut line = String::new();
        BufReader::new(starting.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").map(str::to_owned);
        let url = url.unwrap_or_else(|| panic!("it does not start without help: {line}{}", self.log()));
        Serving { process: starting, url }
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("log")
    }

    /// Everything that this program has written to standard error, over all starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }
}

/// A process that may not be ready yet. Killed (-9) when this is dropped.
pub struct Starting(Child);

impl Drop for Starting {
    fn drop(&mut self) {
        let _ended_already = self.0.kill();
        let _ = self.0.wait();
        SteppedClock::forget(self.0.id());
    }
}

/// A service that runs. Killed (-9) when this is dropped.
pub struct Serving {
    process: Starting,
    pub url: String,
}

impl Serving {
    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.0.try_wait().unwrap().is_none()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        assert!(self.is_running(), "it ended by itself");
        self.process.0.kill().unwrap();
        self.process.0.wait().unwrap();
    }

    /// Waits until the process has ended at the armed failpoint.
    pub fn died(&mut self) {
        until(&format!("the failpoint ends the process; is it built with it? {BUILD_IT}"), || {
            (!self.is_running()).then_some(())
        });
    }
}
