//! An office with an outbox, and servers that take its mail.

use super::*;

pub(super) const PUBLIC_URL: &str = "https://tsunagu.example.jp/";
pub(super) const FROM: &str = "つなぐ <tsunagu@example.jp>";

/// A clock that stands still until it is moved.
pub(super) struct Stands(pub(super) AtomicI64);

impl Stands {
    pub(super) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }
}

impl Clock for Stands {
    fn now(&self) -> Instant {
        Instant::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// Fake chance: different numbers each time, the same ones in each run.
pub(super) struct Dice(pub(super) AtomicU64);

impl Chance for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let x = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            *byte = (x >> 56) as u8;
        }
    }
}

pub(super) fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

pub(super) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

/// A municipality with one agency, and its outbox.
pub(super) struct Office {
    pub(super) store: Store,
    pub(super) clock: Arc<Stands>,
    pub(super) url: storage::DatabaseUrl,
    pub(super) folder: tempfile::TempDir,
}

impl Office {
    pub(super) fn new(mailbox: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/test.db", folder.path().display()).parse().unwrap();
        storage::migrate::run(&url).unwrap();
        let store = open(&url, 0);
        let now: Instant = "2026-11-21T09:00:00+09:00".parse().unwrap();
        let town =
            MunicipalityRecord { id: MunicipalityId(id(1)), code: "131211".to_owned(), name: "足立区".to_owned() };
        let agency = AgencyRecord {
            agency: Agency {
                id: AgencyId(id(2)),
                municipality_id: MunicipalityId(id(1)),
                class: AgencyClass::Ward,
                active_from: "2024-04-01".parse().unwrap(),
                active_until: None,
                agreement: None,
                confirmed: true,
            },
            code: "hoken".to_owned(),
            name: "精神保健センター".to_owned(),
            kana: "セイシンホケンセンター".to_owned(),
            earlier_names: Vec::new(),
            parent_id: None,
            successor_id: None,
            topics: vec!["13".to_owned()],
            mailbox: mailbox.map(str::to_owned),
            phone: None,
            hub: false,
            is_named: false,
            pending: None,
            ended_at: None,
            mail_failed_at: None,
            revision: 1,
            updated_at: now,
        };
        let written = store.write(id(1), move |tx| {
            tx.insert_municipality(&town, now)?;
            tx.apply_new(agency.clone().create(), None, now).map(drop)
        });
        block(async { written.await.map_err(|error: StoreError| error) }).unwrap();
        Self { store, clock: Arc::new(Stands(AtomicI64::new(now.as_micros()))), url, folder }
    }

    pub(super) fn enqueue(&self, mails: Vec<Mail>) {
        let now = self.clock.now();
        let written = self.store.write(id(1), move |tx| tx.enqueue(&mails, MunicipalityId(id(1)), now));
        block(async { written.await.map_err(|error: StoreError| error) }).unwrap();
    }

    pub(super) fn enqueue_for_round(&self, mails: Vec<Mail>) {
        let now = self.clock.now();
        let written = self.store.write(id(1), move |tx| tx.enqueue_for_round(&mails, MunicipalityId(id(1)), now));
        block(async { written.await.map_err(|error: StoreError| error) }).unwrap();
    }

    pub(super) fn gather(&self) {
        let now = self.clock.now();
        let written = self.store.write(id(1), move |tx| tx.gather(now));
        block(async { written.await.map_err(|error: StoreError| error) }).unwrap();
    }

    pub(super) fn health(&self) -> OutboxHealth {
        let now = self.clock.now();
        block(async { self.store.read(move |tx| tx.outbox_health(now)).await.map_err(|error: StoreError| error) })
            .unwrap()
    }

    pub(super) fn notifier(&self, mail_url: &str) -> Notifier {
        self.other(self.store.clone(), mail_url, LIMITS, Vec::new())
    }

    pub(super) fn other(&self, store: Store, mail_url: &str, limits: Limits, roots: Vec<Certificate>) -> Notifier {
        let letterhead = Letterhead::new(FROM, PUBLIC_URL).unwrap();
        let url: MailUrl = mail_url.parse().unwrap();
        let route = Route::new(&url, letterhead.host(), limits.answer, roots).unwrap();
        Notifier::of(store, route, letterhead, limits, self.clock.clone(), Arc::new(Dice(AtomicU64::new(0))))
    }
}

pub(super) fn open(url: &storage::DatabaseUrl, seed: u64) -> Store {
    let keys = Keyring::parse("v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let settings = Settings { readers: 1, ..Settings::default() };
    Store::open(url, keys, Arc::new(Dice(AtomicU64::new(seed))), &settings).unwrap()
}

pub(super) fn mail(serial: u32) -> Mail {
    Mail {
        kind: MailKind::RelaySent,
        agency_id: AgencyId(id(2)),
        sheet_id: Some(SheetId(id(3))),
        relay_id: Some(RelayId(id(4))),
        exception_id: None,
        number: Some(format!("R8-{serial:06}")),
        due: Some("2026-12-04".parse().unwrap()),
        gathered: Default::default(),
    }
}

pub(super) fn run(notifier: &Notifier) -> (usize, usize, usize) {
    let report = block(notifier.run_once()).unwrap();
    (report.sent, report.retried, report.dead)
}

pub(super) const SENT: (usize, usize, usize) = (1, 0, 0);
pub(super) const RETRIED: (usize, usize, usize) = (0, 1, 0);
pub(super) const DEAD: (usize, usize, usize) = (0, 0, 1);
pub(super) const NOTHING_DONE: (usize, usize, usize) = (0, 0, 0);

/// aiosmtpd, set up by `tests/smtpd.py`.
pub(super) struct Smtpd {
    pub(super) child: Child,
    pub(super) told: Receiver<Value>,
    pub(super) port: u64,
}

impl Smtpd {
    #[expect(clippy::disallowed_methods, reason = "the interpreter of the test run")]
    pub(super) fn start(args: &[&str]) -> Self {
        let python = std::env::var("TSUNAGU_TEST_PYTHON");
        let python = python.expect("TSUNAGU_TEST_PYTHON is not set: use `cargo xtask test`, or `cargo xtask postgres`");
        let mut command = Command::new(python);
        command.arg(here("smtpd.py")).args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, told) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| drop(sender.send(serde_json::from_str(&line).unwrap())));
        });
        let mut smtpd = Self { child, told, port: 0 };
        smtpd.port = smtpd.next()["port"].as_u64().unwrap();
        smtpd
    }

    pub(super) fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub(super) fn next(&self) -> Value {
        self.told.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    /// Everything else that it has reported, once all is quiet.
    pub(super) fn rest(&self) -> Vec<Value> {
        std::iter::from_fn(|| self.told.recv_timeout(Duration::from_millis(300)).ok()).collect()
    }
}

impl Drop for Smtpd {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}

pub(super) fn here(file: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file).to_string_lossy().into_owned()
}

pub(super) fn certificate() -> Certificate {
    let pem = std::fs::read_to_string(here("localhost.pem")).unwrap();
    let begin = pem.find("-----BEGIN CERTIFICATE").unwrap();
    Certificate::from_pem(&pem.as_bytes()[begin..]).unwrap()
}

/// Starts a server that gives each connection to `answer`, on a thread for each; returns its URL.
pub(super) fn server(answer: fn(std::net::TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    url
}
