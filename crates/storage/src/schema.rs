//! The tables, which are the same on both databases (`migrations/`).

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    stream (name) {
        name -> Text,
        seq -> BigInt,
        hash -> Binary,
        state -> Binary,
        mac -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    municipality (id) {
        id -> Id,
        code -> Text,
        name -> Text,
        created_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    agency (id) {
        id -> Id,
        municipality_id -> Id,
        code -> Text,
        class -> Text,
        mailbox -> Nullable<Text>,
        active_from -> CalendarDay,
        active_until -> Nullable<CalendarDay>,
        agreement_from -> Nullable<CalendarDay>,
        agreement_until -> Nullable<CalendarDay>,
        successor_id -> Nullable<Id>,
        ended_at -> Nullable<Moment>,
        mail_failed_at -> Nullable<Moment>,
        stream -> Text,
        data_key -> Binary,
        document -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    staff (id) {
        id -> Id,
        municipality_id -> Id,
        login -> Text,
        created_at -> Moment,
        code_expires_at -> Nullable<Moment>,
        stream -> Text,
        data_key -> Binary,
        document -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    post (id) {
        id -> Id,
        municipality_id -> Id,
        staff_id -> Id,
        agency_id -> Id,
        role -> Text,
        valid_from -> CalendarDay,
        valid_until -> Nullable<CalendarDay>,
        confirmed_at -> Nullable<Moment>,
        ended_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    session (id) {
        id -> Id,
        staff_id -> Id,
        acting_post_id -> Id,
        agency_id -> Id,
        created_at -> Moment,
        last_used_at -> Moment,
        expires_at -> Moment,
        ended_at -> Nullable<Moment>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    client (id) {
        id -> Id,
        municipality_id -> Id,
        agency_id -> Id,
        revoked_at -> Nullable<Moment>,
        stream -> Text,
        data_key -> Binary,
        document -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    notice (id) {
        id -> Id,
        municipality_id -> Id,
        version -> Integer,
        title -> Text,
        body -> Text,
        in_force_from -> CalendarDay,
        created_at -> Moment,
        purpose -> Nullable<Text>,
        variants -> Doc,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    sheet (id) {
        id -> Id,
        municipality_id -> Id,
        fiscal_year -> Nullable<Integer>,
        serial -> Nullable<Integer>,
        number -> Nullable<Text>,
        standing -> Text,
        state -> Text,
        consented_until -> Nullable<CalendarDay>,
        revision -> Integer,
        content_revision -> Integer,
        origin_agency_id -> Id,
        holder_agency_id -> Id,
        household_id -> Id,
        received_at -> Nullable<Moment>,
        channel -> Nullable<Text>,
        route -> Nullable<Text>,
        urgency -> Nullable<Text>,
        address_secret -> Text,
        data_key -> Binary,
        created_at -> Moment,
        updated_at -> Moment,
        closed_at -> Nullable<Moment>,
        document -> Binary,
        label -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    sheet_content (sheet_id, revision) {
        municipality_id -> Id,
        sheet_id -> Id,
        revision -> Integer,
        sealed -> Binary,
        created_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    search_token (token, sheet_id) {
        municipality_id -> Id,
        token -> Binary,
        sheet_id -> Id,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    access (agency_id, sheet_id) {
        municipality_id -> Id,
        agency_id -> Id,
        sheet_id -> Id,
        is_origin -> Bool,
        identity_until -> Nullable<CalendarDay>,
        topics_until -> Nullable<CalendarDay>,
        contact_until -> Nullable<CalendarDay>,
        seen_revision -> Nullable<Integer>,
        seen_at -> Nullable<Moment>,
        assigned_staff_id -> Nullable<Id>,
        mac -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    consent (id) {
        id -> Id,
        municipality_id -> Id,
        sheet_id -> Id,
        version -> Integer,
        effective_until -> CalendarDay,
        follow_up_on -> Nullable<CalendarDay>,
        invalid -> Bool,
        lapses_on -> Nullable<CalendarDay>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    address_release (id) {
        id -> Id,
        municipality_id -> Id,
        origin_agency_id -> Id,
        sheet_id -> Id,
        to_agency_id -> Id,
        state -> Text,
        requested_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    stop_request (id) {
        id -> Id,
        municipality_id -> Id,
        sheet_id -> Id,
        agency_id -> Id,
        rests_until -> Nullable<CalendarDay>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    relay (id) {
        id -> Id,
        municipality_id -> Id,
        sheet_id -> Id,
        number -> Text,
        revision -> Integer,
        state -> Text,
        from_agency_id -> Id,
        to_agency_id -> Id,
        parent_relay_id -> Nullable<Id>,
        sections -> Doc,
        purpose -> Text,
        urgency -> Text,
        handover -> Text,
        consent_id -> Nullable<Id>,
        sent_at -> Moment,
        reply_due -> CalendarDay,
        waits -> Bool,
        overdue_since -> Nullable<CalendarDay>,
        updated_at -> Moment,
        exception_id -> Nullable<Id>,
        chased_on -> Nullable<CalendarDay>,
        held -> Bool,
        sender_revision -> Integer,
        sender_updated_at -> Moment,
        receiver_revision -> Integer,
        receiver_updated_at -> Moment,
        shut -> Bool,
        answer_days -> Nullable<Integer>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    exception (id) {
        id -> Id,
        municipality_id -> Id,
        sheet_id -> Id,
        number -> Text,
        revision -> Integer,
        state -> Text,
        code -> Text,
        emergency -> Bool,
        refusal_on_file -> Bool,
        requested_agency_id -> Id,
        requested_by -> Id,
        requested_at -> Moment,
        to_agency_id -> Id,
        relay_id -> Nullable<Id>,
        used_at -> Nullable<Moment>,
        approve_by -> Nullable<CalendarDay>,
        waits -> Bool,
        updated_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    entry (id) {
        id -> Id,
        municipality_id -> Id,
        sheet_id -> Id,
        agency_id -> Id,
        section -> Text,
        sealed -> Binary,
        mac -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    number_counter (municipality_id, fiscal_year) {
        municipality_id -> Id,
        fiscal_year -> Integer,
        last -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    outbox (id) {
        id -> Id,
        municipality_id -> Id,
        mail -> Doc,
        created_at -> Moment,
        due_at -> Moment,
        attempts -> Integer,
        claim -> Nullable<Id>,
        leased_until -> Nullable<Moment>,
        sent_at -> Nullable<Moment>,
        dead_at -> Nullable<Moment>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    idempotency (principal_id, key) {
        principal_id -> Id,
        key -> Text,
        fingerprint -> Binary,
        agency_id -> Id,
        sheet_id -> Nullable<Id>,
        status -> Integer,
        etag -> Nullable<Text>,
        location -> Nullable<Text>,
        sealed -> Binary,
        created_at -> Moment,
        bare -> Nullable<Binary>,
        shown -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    audit_event (position) {
        position -> BigInt,
        id -> Id,
        municipality_id -> Nullable<Id>,
        stream -> Text,
        seq -> BigInt,
        kind -> Text,
        at -> Moment,
        sheet_id -> Nullable<Id>,
        relay_id -> Nullable<Id>,
        staff_id -> Nullable<Id>,
        client_id -> Nullable<Id>,
        post_id -> Nullable<Id>,
        agency_id -> Nullable<Id>,
        prev -> Binary,
        hash -> Binary,
        body -> Text,
        basis -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    task (id) {
        id -> Id,
        municipality_id -> Id,
        sheet_id -> Id,
        number -> Text,
        kind -> Text,
        subject_id -> Id,
        waits_for -> Id,
        agency_id -> Id,
        staff_id -> Nullable<Id>,
        but_staff_id -> Nullable<Id>,
        role -> Nullable<Text>,
        from_day -> CalendarDay,
        due_day -> CalendarDay,
        shows -> Bool,
        wakes_on -> Nullable<CalendarDay>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    evidence (id) {
        id -> Id,
        municipality_id -> Id,
        consent_id -> Id,
        sealed -> Binary,
        created_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    attachment (id) {
        id -> Id,
        municipality_id -> Id,
        sheet_id -> Id,
        sealed -> Binary,
        created_at -> Moment,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    attachment_chunk (attachment_id, place) {
        attachment_id -> Id,
        place -> Integer,
        sealed -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    closure (entry_id) {
        entry_id -> Id,
        municipality_id -> Id,
        sheet_id -> Id,
        sealed -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    figure_fact (id) {
        id -> Id,
        municipality_id -> Id,
        kind -> Text,
        on_day -> CalendarDay,
        sheet_ref -> Binary,
        person_key -> Binary,
        agency_id -> Id,
        other_agency_id -> Nullable<Id>,
        marks -> Text,
        n -> Integer,
        corrects -> Nullable<Id>,
        mac -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    figure_salt (municipality_id, fiscal_year) {
        municipality_id -> Id,
        fiscal_year -> Integer,
        sealed -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    municipality,
    agency,
    staff,
    post,
    session,
    client,
    notice,
    sheet,
    sheet_content,
    stream,
    search_token,
    access,
    consent,
    stop_request,
    address_release,
    relay,
    exception,
    entry,
    number_counter,
    outbox,
    idempotency,
    audit_event,
    task,
    evidence,
    attachment,
    attachment_chunk,
    in_service,
    closure,
    receipt
);

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    receipt (idx) {
        idx -> BigInt,
        municipality_id -> Id,
        sheet_id -> Id,
        consent_id -> Id,
        agency_id -> Id,
        standing -> Text,
        until -> CalendarDay,
    }
}

diesel::table! {
    in_service (id) {
        id -> Integer,
    }
}

diesel::table! {
    master_key (version) {
        version -> Integer,
        mark -> Binary,
    }
}
