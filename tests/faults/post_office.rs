//! An SMTP server with moods, which remembers every letter that it got.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tests::Mail;

/// How the server treats a client that brings a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Takes it.
    Takes,
    /// 554 instead of a greeting.
    NoService,
    /// 451 after the final dot.
    PutsOff,
    /// Says nothing at all.
    Tarpit,
    /// Takes the letter and hangs up instead of saying so.
    DropsAfterDot,
}

/// A letter as it was taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Letter {
    /// The Message-ID.
    pub id: String,
    pub to: String,
    /// The label of its kind in the subject.
    pub what: String,
    /// The path of its link.
    pub place: String,
}

struct Inside {
    mood: Mood,
    letters: Vec<Letter>,
    /// Visits while the mood was not [`Mood::Takes`].
    turned_away: usize,
}

#[derive(Clone)]
pub struct PostOffice {
    inside: Arc<Mutex<Inside>>,
    port: u16,
}

impl PostOffice {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inside = Arc::new(Mutex::new(Inside { mood: Mood::Takes, letters: Vec::new(), turned_away: 0 }));
        let office = Self { inside, port };
        let door = office.clone();
        std::thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                let door = door.clone();
                // A visitor that hangs up in the middle is not served any further.
                std::thread::spawn(move || door.serve(visitor).ok());
            }
        });
        office
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    fn inside<T>(&self, work: impl FnOnce(&mut Inside) -> T) -> T {
        work(&mut self.inside.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set(&self, mood: Mood) {
        self.inside(|inside| (inside.mood, inside.turned_away) = (mood, 0));
    }

    /// The number of visitors that were turned away since the mood was set.
    pub fn turned_away(&self) -> usize {
        self.inside(|inside| inside.turned_away)
    }

    /// Every letter so far, duplicates included.
    pub fn letters(&self) -> Vec<Letter> {
        self.inside(|inside| inside.letters.clone())
    }

    fn serve(&self, mut visitor: TcpStream) -> std::io::Result<()> {
        let mood = self.inside(|inside| {
            inside.turned_away += usize::from(inside.mood != Mood::Takes);
            inside.mood
        });
        match mood {
            Mood::NoService => return visitor.write_all(b"554 no service here\r\n"),
            Mood::Tarpit => {
                visitor.set_read_timeout(Some(Duration::from_millis(50)))?;
                // Waits until the visitor leaves or the mood changes.
                while self.inside(|inside| inside.mood) == mood && !matches!(visitor.read(&mut [0]), Ok(0)) {}
                return Ok(());
            }
            Mood::Takes | Mood::PutsOff | Mood::DropsAfterDot => {}
        }
        visitor.write_all(b"220 post.test ESMTP\r\n")?;
        let mut said = BufReader::new(visitor.try_clone()?);
        let mut line = String::new();
        loop {
            line.clear();
            if said.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "DATA" => {
                    visitor.write_all(b"354 go on\r\n")?;
                    let mut raw = String::new();
                    while !raw.ends_with("\r\n.\r\n") {
                        if said.read_line(&mut raw)? == 0 {
                            return Ok(());
                        }
                    }
                    if mood == Mood::PutsOff {
                        visitor.write_all(b"451 later\r\n")?;
                        continue;
                    }
                    raw.truncate(raw.len() - ".\r\n".len());
                    let letter = read(raw);
                    self.inside(|inside| inside.letters.push(letter));
                    if mood == Mood::DropsAfterDot {
                        return Ok(());
                    }
                    visitor.write_all(b"250 taken\r\n")?;
                }
                "QUIT" => return visitor.write_all(b"221 bye\r\n"),
                _ => visitor.write_all(b"250 well\r\n")?,
            }
        }
    }
}

fn read(raw: String) -> Letter {
    let mail = Mail { raw };
    let text = mail.text();
    let link = text.lines().find_map(|line| line.strip_prefix(crate::program::PUBLIC_URL)).unwrap_or_default();
    let subject = text.lines().next().unwrap_or_default();
    let what = subject.strip_prefix("【つなぐ】").and_then(|subject| subject.split_once('(')).unwrap_or_default().0;
    Letter { id: mail.header("message-id"), to: mail.header("to"), what: what.to_owned(), place: link.to_owned() }
}
