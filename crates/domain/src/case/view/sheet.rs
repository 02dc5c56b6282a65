//! What one reader is shown of a sheet: what is answered, and what the event of the reading names.

use super::{Grant, Withheld, WithheldReason};
use crate::agency::{Actor, Agency};
use crate::beside::closure::Closure;
use crate::case::consent::{ConsentState, default_consent};
use crate::case::exception::ExceptionCode;
use crate::case::sheet::{Document, Label, Reception, Sheet, SheetLabel, SheetState, Standing, Visitor, Written};
use crate::case::{Case, Path, Step, Target};
use crate::content::{AddressSecret, Content, Section, Sections, Warning};
use crate::ids::{RelayId, StaffId};
use crate::permit::{Permit, Relation};
use crate::time::Instant;

/// The sheet as one reader may see it.
#[derive(Clone)]
pub struct SheetView<'a> {
    /// Its head data. What stands below stands there in place of what stands here.
    pub sheet: &'a Sheet,
    /// Its state.
    pub state: SheetState,
    /// The sections that are shown; the event of the reading names them.
    pub sections: Sections,
    /// The revision at the last change that the reader has seen.
    pub revision: u32,
    /// When that was.
    pub updated_at: Instant,
    /// The revision of the content that the reader has seen last.
    pub content_revision: u32,
    /// 受付, without the secrecy of the address.
    pub reception: Reception,
    /// 住所秘匿, for the origin.
    pub address_secret: Option<AddressSecret>,
    /// 来談者, for readers of the section `contact`.
    pub visitor: Option<Visitor>,
    /// The articles on which the reader was told, or the whole sheet was passed on, without consent.
    pub without_consent: Vec<ExceptionCode>,
    /// Whom it is about, as far as the reader is shown that.
    pub label: Option<SheetLabel>,
    /// The content; none for a reader of metadata.
    pub content: Option<Content>,
    /// The state of the consent in force; none for a reader of metadata.
    pub consent_state: Option<ConsentState>,
    /// The person who works on it for the reader's agency; none for a reader of metadata.
    pub assignee: Option<StaffId>,
    /// The relay that the reader continues when it passes the sheet on.
    pub onward_from: Option<RelayId>,
    /// When the content was written, and by whom, for the origin.
    pub written: Option<Written>,
    /// The sections that are not shown.
    pub withheld: Vec<Withheld>,
    /// The way so far, for the origin and for readers of the section `history`.
    pub path: Option<Path>,
    /// The same, step by step.
    pub way: Option<Vec<Step>>,
    /// Remarks on the content, for the origin.
    pub warnings: Vec<Warning>,
    /// How the case ended, for whoever sees the way and for the agency that closed it; its words only for that agency.
    pub closure: Option<Closure>,
    /// What the reader may do now.
    pub can: Vec<&'static str>,
    is_origin: bool,
}

impl Case {
    /// The sheet as the actor's agency `reader` may see it. `document` is the one to show: the present one, or parts of it as they stood.
    pub fn sheet_view(
        &self,
        document: &Document,
        closure: Option<Closure>,
        reader: &Agency,
        permit: Permit,
        actor: &Actor,
    ) -> SheetView<'_> {
        let (sheet, today) = (&self.sheet, actor.today());
        let is_allowed = permit == Permit::Allowed;
        let is_origin = self.relation(reader.id) == Relation::Origin;
        let grant = if is_allowed { self.grant(reader, today) } else { Grant::nothing(WithheldReason::Role) };
        // A reader of metadata reads the metadata of the whole sheet, as the origin sees it.
        let knows = if is_allowed { reader.id } else { sheet.origin_agency_id };
        let seen = self.seen_by(knows);
        let sees_way = is_origin || permit == Permit::MetadataOnly || grant.shows_now(Section::History);
        // How it ended was written after what a receiver was told; a receiver knows of it as it knows of the way.
        let sees_closure = |it: &Closure| sheet.standing == Standing::Closed && (sees_way || it.agency_id == reader.id);
        let content = || {
            let (history, files) = (self.history_for(&grant, None), self.attachments_for(reader, today));
            grant.restrict(&document.content, &document.content, &history, files)
        };
        SheetView {
            sheet,
            state: self.state(today),
            label: Label::of_shown(&document.content, &grant.sections(), today),
            sections: grant.sections(),
            revision: seen.last.revision,
            updated_at: seen.last.at,
            content_revision: seen.content_revision,
            reception: sheet.reception.clone(),
            address_secret: (is_origin && is_allowed).then_some(sheet.reception.address_secret),
            visitor: document.visitor.clone().filter(|_| grant.shows(Section::Contact)),
            without_consent: self.without_consent(knows, today).into_iter().collect(),
            content: is_allowed.then(content),
            consent_state: default_consent(&self.consents, today).filter(|_| is_allowed).map(|it| it.state(today)),
            assignee: self.assignee(reader.id).filter(|_| is_allowed),
            onward_from: self.taken_on_by(reader.id).map(|relay| relay.id),
            written: document.written.clone().filter(|_| is_origin && is_allowed),
            withheld: grant.withheld(),
            path: sees_way.then(|| self.path()),
            way: sees_way.then(|| self.way()),
            warnings: if is_origin && grant.shows(Section::Statement) { document.warnings() } else { Vec::new() },
            closure: closure.filter(sees_closure).map(|it| it.shown_to(reader.id, permit)),
            can: self.can(Target::Sheet(sheet.id), actor),
            is_origin,
        }
    }
}

impl SheetView<'_> {
    /// What a stored answer still shows after something that it showed has been closed to its reader: no more than the lists of sheets show.
    #[must_use]
    pub fn bare(self) -> Self {
        let is_origin = self.is_origin;
        Self {
            sections: Sections::new(),
            address_secret: None,
            visitor: None,
            without_consent: if is_origin { self.without_consent } else { Vec::new() },
            label: None,
            content: None,
            consent_state: None,
            written: None,
            withheld: Grant::nothing(WithheldReason::Role).withheld(),
            path: self.path.filter(|_| is_origin),
            way: self.way.filter(|_| is_origin),
            warnings: Vec::new(),
            closure: None,
            can: Vec::new(),
            ..self
        }
    }

    /// The same sheet as it was at `revision`: its content was written at the revision `kept`, with the reception `head`. Nothing can be
    /// done to it.
    #[must_use]
    pub fn at_revision(self, revision: u32, kept: u32, head: Option<&Reception>) -> Self {
        let reception = head.cloned().unwrap_or(self.reception);
        Self {
            revision,
            content_revision: kept,
            address_secret: self.address_secret.map(|_| reception.address_secret),
            reception,
            can: Vec::new(),
            ..self
        }
    }
}
