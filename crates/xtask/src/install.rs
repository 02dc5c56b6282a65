//! System packages: what must be installed, and what Debian calls it.

use crate::process::{self, Result, run, succeeds};
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// A program or library that the machine must have.
pub(crate) struct Need {
    pub(crate) package: &'static str,
    pub(crate) present: fn() -> bool,
}

/// pq-sys builds libpq with OpenSSL, so that PostgreSQL over TLS works. (A C compiler must be there: it linked this program.)
pub(crate) const BUILD: &[Need] = &[
    Need { package: "pkg-config", present: || succeeds("pkg-config", &["--version"]) },
    Need { package: "libssl-dev", present: || succeeds("pkg-config", &["--exists", "openssl"]) },
];

/// A browser to test the page with, and fonts for it.
pub(crate) const BROWSER: &[Need] = &[
    Need {
        package: "chromium-headless-shell",
        present: || std::path::Path::new("/usr/bin/chromium-headless-shell").exists(),
    },
    Need {
        package: "fonts-noto-cjk",
        present: || std::path::Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists(),
    },
];

/// The cluster of the tests.
pub(crate) const POSTGRES: &[Need] = &[
    Need { package: "postgresql", present: || crate::postgres::programs().is_ok() },
    Need { package: "util-linux", present: || succeeds("setpriv", &["--version"]) },
];

/// Programs that the tests run: curl for README's lines and HTTPS, openssl for certificates, psql for databases.
pub(crate) const TESTS: &[Need] = &[
    Need { package: "curl", present: || succeeds("curl", &["--version"]) },
    Need { package: "openssl", present: || succeeds("openssl", &["version"]) },
    Need { package: "postgresql-client", present: || succeeds("psql", &["--version"]) },
    // It steps the clock of the service in the fault tests.
    Need {
        package: "libfaketime",
        present: || {
            let places = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
            places.map(|place| place.path()).any(|place| place.join("faketime/libfaketimeMT.so.1").exists())
        },
    },
    // TLS for mail takes its root certificates from here.
    Need {
        package: "ca-certificates",
        present: || std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists(),
    },
];

/// The floor under the bench.
pub(crate) const BENCH: &[Need] = &[Need { package: "postgresql", present: || succeeds("pgbench", &["--version"]) }];

/// A C++ compiler, because libFuzzer is C++.
pub(crate) const FUZZ: &[Need] = &[Need { package: "g++", present: || succeeds("c++", &["--version"]) }];

/// What the virtual environments of aiosmtpd and schemathesis need.
pub(crate) const PYTHON: &[Need] =
    &[Need { package: "python3-venv", present: || succeeds("python3", &["-c", "import ensurepip, venv"]) }];

/// What it takes to make a new Debian.
pub(crate) const FRESH_ROOT: &[Need] =
    &[Need { package: "debootstrap", present: || succeeds("debootstrap", &["--version"]) }];

/// Installs what is missing, or says what must be installed.
pub(crate) fn ensure(needs: &[&[Need]]) -> Result {
    let missing: Vec<_> =
        needs.iter().copied().flatten().filter(|need| !(need.present)()).map(|need| need.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("please install by hand: apt-get install {}", missing.join(" "));
    if !is_root()? || !succeeds("apt-get", &["--version"]) {
        return Err(format!("these system packages are missing; {by_hand}"));
    }
    println!("installing {}", missing.join(" "));
    let apt =
        |arguments: &[&str]| run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments));
    apt(&["update", "--quiet"])?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    apt(&[install.as_slice(), missing.as_slice()].concat()).map_err(|error| format!("{error}; {by_hand}"))
}

/// Whether this process runs as root: then it may install packages, but must run PostgreSQL, which refuses root, as another user.
pub(crate) fn is_root() -> process::Result<bool> {
    // The owner of a process's entry in /proc is its effective user; asking the kernel itself would need unsafe code.
    let metadata = std::fs::metadata("/proc/self").map_err(|error| format!("cannot read /proc/self: {error}"))?;
    Ok(metadata.uid() == 0)
}
