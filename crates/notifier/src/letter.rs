//! What a mail says: that something waits, its number, its due date, and where to look. Anybody in the office or on the way may read it, so
//! it names no person, no topic and no department.

use crate::NotifierError;
use crate::url::PublicUrl;
use domain::ids::MailId;
use domain::mail::{Mail, MailKind};
use domain::time::Instant;
use domain::wareki;
use lettre::Message;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use std::time::{Duration, SystemTime};

/// The parts that all mails have in common.
pub(crate) struct Letterhead {
    from: Mailbox,
    public: PublicUrl,
}

/// Why there is no letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSendable {
    /// The mailbox is not an address.
    Mailbox,
    /// lettre refuses to write the letter.
    Letter,
}

impl Letterhead {
    pub(crate) fn new(from: &str, public_url: &str) -> Result<Self, NotifierError> {
        let from = from.parse().map_err(|_| NotifierError::From)?;
        Ok(Self { from, public: public_url.parse()? })
    }

    pub(crate) fn host(&self) -> &str {
        &self.public.host
    }

    pub(crate) fn letter(&self, id: MailId, mail: &Mail, mailbox: &str, now: Instant) -> Result<Message, NotSendable> {
        let to: Address = mailbox.trim().parse().map_err(|_| NotSendable::Mailbox)?;
        let since_1970 = Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(0));
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject(mail))
            .date(SystemTime::UNIX_EPOCH + since_1970)
            // The same id at each attempt: a receiver who gets a mail twice can see that it is one.
            .message_id(Some(format!("<{id}@{}>", self.public.host)))
            // RFC 3834: no out-of-office reply, please.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .singlepart(SinglePart::plain(self.text(mail)))
            .map_err(|_| NotSendable::Letter)
    }

    pub(crate) fn text(&self, mail: &Mail) -> String {
        let base = &self.public.base;
        if !mail.gathered.is_empty() {
            let line = |(kind, count): (&MailKind, &u64)| format!("・{}:{count}件\n", kind.label());
            let lines: String = mail.gathered.iter().map(line).collect();
            return format!(
                "{SEVERAL}。\n\n{lines}\n次のページを開き、ログインしてご確認ください。\n{base}/\n\n{CLOSING}"
            );
        }
        let link = match (mail.relay_id, mail.exception_id, mail.sheet_id) {
            (Some(relay), ..) => format!("{base}/relays/{relay}"),
            (None, Some(exception), _) => format!("{base}/exceptions/{exception}"),
            (None, None, Some(sheet)) => format!("{base}/sheets/{sheet}"),
            (None, None, None) => format!("{base}/staff"),
        };
        let due = mail.due.map(|due| format!("期限:{}\n", wareki::format(due.0))).unwrap_or_default();
        let label = mail.kind.label();
        let number = mail.number.as_ref().map(|number| format!("番号:{number}\n")).unwrap_or_default();
        format!(
            "{label}。\n\
             \n\
             {number}\
             {due}\
             \n\
             次のページを開き、ログインしてご確認ください。\n\
             {link}\n\
             \n\
             {CLOSING}"
        )
    }
}

/// The subject of a mail about several things, and its first line.
const SEVERAL: &str = "確認していただきたいものがあります";

const CLOSING: &str = "個人情報を守るため、詳しい内容はこのメールに書いていません。\n\
     ログインしたあとの画面でご覧ください。\n\
     \n\
     このメールは「つなぐ」が自動でお送りしています。返信は不要です。\n";

fn subject(mail: &Mail) -> String {
    let label = mail.kind.label();
    match (mail.gathered.values().sum::<u64>(), &mail.number) {
        (0, Some(number)) => format!("【つなぐ】{label}({number})"),
        (0, None) => format!("【つなぐ】{label}"),
        (several, _) => format!("【つなぐ】{SEVERAL}({several}件)"),
    }
}
