use super::Db;
use crate::connection::{Conn, ConnectError, DatabaseUrl, Role};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn only_two_kinds_of_url_are_taken() {
    for url in ["mysql://x", "", "tsunagu.db", "Postgres://x", "file:x.db"] {
        assert_eq!(url.parse::<DatabaseUrl>(), Err(ConnectError::Scheme), "{url}");
    }
    for url in ["sqlite:", "sqlite::memory:", "sqlite://host/x.db"] {
        assert_eq!(url.parse::<DatabaseUrl>(), Err(ConnectError::Path), "{url}");
    }
    for (url, shown) in [
        ("sqlite:/a/b.db", "sqlite:/a/b.db"),
        ("sqlite:///a/b.db", "sqlite:/a/b.db"),
        ("sqlite:a/b.db", "sqlite:./a/b.db"),
        ("sqlite:file:x?mode=memory", "sqlite:./file:x?mode=memory"),
        ("postgresql://me:secret@host/db", "postgres://…"),
    ] {
        assert_eq!(format!("{:?}", url.parse::<DatabaseUrl>().unwrap()), shown);
    }
}

#[test]
fn a_refused_url_shows_no_credentials() {
    let secrets = ["hush", "hu/sh", "hu@sh", "hu sh", "[hush", "hu:sh%"];
    let urls = secrets.iter().flat_map(|secret| {
        [
            format!("postgres://me:{secret}@[::1/db"),
            format!("postgres://me:{secret}@localhost:1/db"),
            format!("postgres://me:{secret}@localhost:port/db"),
            format!("postgres://localhost:1/db?password={secret}"),
            format!("postgres://localhost:1/db?password={secret}&nonsense=1"),
        ]
    });
    for url in urls {
        let Err(error) = url.parse::<DatabaseUrl>().unwrap().connect(Role::Reader) else { panic!("{url}") };
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hu") && !shown.contains("sh"), "{url}: {shown}");
    }
    let error =
        "postgres://me:hush@localhost:1/db".parse::<DatabaseUrl>().unwrap().connect(Role::Reader).err().unwrap();
    assert!(error.to_string().contains("refused"), "what is harmless is told: {error}");
}

#[test]
fn a_new_sqlite_file_is_for_its_owner_alone() {
    let db = Db::sqlite().migrated();
    let _open = db.conn();
    for file in std::fs::read_dir(db.folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
    let missing = format!("sqlite:{}/no/such/folder.db", db.folder.path().display());
    assert!(matches!(missing.parse::<DatabaseUrl>().unwrap().connect(Role::Writer), Err(ConnectError::Refused { .. })));
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = diesel::sql_types::Text)]
    value: String,
}

fn setting(conn: &mut Conn, sql: &str) -> String {
    diesel::sql_query(sql).get_result::<Setting>(conn).unwrap().value
}

#[test]
fn sqlite_is_set_up_for_durability() {
    let db = Db::sqlite();
    let mut conn = db.conn();
    for (pragma, wanted) in [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("secure_delete", "1"),
        ("temp_store", "2"),
    ] {
        let sql = format!("select cast({pragma} as text) as value from pragma_{pragma}");
        assert_eq!(setting(&mut conn, &sql), wanted, "{pragma}");
    }
}

#[test]
fn postgres_is_set_up_with_limits() {
    let db = Db::postgres();
    let mut conn = db.conn();
    for (name, wanted) in [("statement_timeout", "8s"), ("timezone", "UTC"), ("application_name", "tsunagu")] {
        assert_eq!(setting(&mut conn, &format!("select current_setting('{name}') as value")), wanted);
    }
}

fn a_reader_cannot_write(db: &Db) {
    crate::migrate::run(&db.url).unwrap();
    let mut conn = db.url.connect(Role::Reader).unwrap();
    assert!(conn.batch_execute("select 1 from stream").is_ok());
    assert!(conn.batch_execute("delete from stream").is_err());
}

super::both! { a_reader_cannot_write }
