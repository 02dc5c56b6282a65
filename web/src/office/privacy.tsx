import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { Link } from "wouter";
import { api, call, type Schemas } from "../api/client";
import { useAgencies, useLabels } from "../api/queries";
import { ExceptionTable } from "../exception/table";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { DateField } from "../ui/date";
import { given } from "../ui/deed";
import { whyOf } from "../ui/problems";
import { Loaded, Title } from "../ui/screen";
import { day, instant } from "../ui/wareki";

type Overview = Schemas["OverviewResponse"];

const p = t.exception.privacy;
const d = t.exception.disclosures;
/** The lists, the most urgent first. */
const LISTS = ["overdue", "used_before_approval", "waiting"] as const;

/** The privacy officer's screen: first what waits for an approval, then what was told on what basis. */
export default function Privacy() {
  const form = useForm({ defaultValues: { from: "", until: "" } });
  const [query, setQuery] = useState<{ from?: string; until?: string }>({});
  const found = useQuery({
    queryKey: ["privacy", query],
    queryFn: () => call(api.GET("/api/v1/privacy/overview", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  return (
    <FormProvider {...form}>
      <Title name={p.title} />
      <p>{p.help}</p>
      {found.data && found.error && <Alert>{whyOf(found.error)}</Alert>}
      <Loaded of={found}>
        {(overview) => (
          <>
            {LISTS.map((list) => (
              <Some key={list} list={list} overview={overview} />
            ))}
            <h2>{p.period(day(overview.from), day(overview.until))}</h2>
            <form
              className="search"
              noValidate
              onSubmit={(event) => {
                event.preventDefault();
                setQuery(given(form.getValues()));
              }}
            >
              <div className="row">
                <DateField name="from" label={p.from} />
                <DateField name="until" label={p.until} />
              </div>
              <button type="submit" className="primary">
                {p.go}
              </button>
            </form>
            <Period overview={overview} />
          </>
        )}
      </Loaded>
    </FormProvider>
  );
}

function Some({ list, overview }: { list: (typeof LISTS)[number] | "refusals_overridden"; overview: Overview }) {
  const { items, more } = overview[list];
  return (
    <section className="group">
      <h2>
        {p[list]} <span className="count">{t.home.count(items.length)}</span>
      </h2>
      {items.length > 0 ? <ExceptionTable items={items} /> : <p className="help">{p.nothing}</p>}
      {more && (
        <p>
          {p.more} <Link href="/exceptions">{p.all}</Link>
        </p>
      )}
    </section>
  );
}

/** What happened in the chosen days. */
function Period({ overview }: { overview: Overview }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  return (
    <>
      <section className="group">
        <h2>{p.disclosures}</h2>
        {overview.disclosures.length === 0 ? (
          <p className="help">{p.none}</p>
        ) : (
          <table className="list">
            <thead>
              <tr>
                <th scope="col">{p.basis}</th>
                <th scope="col">{p.count}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {overview.disclosures.map((one) => (
                <tr key={one.basis}>
                  <th scope="row">{one.label}</th>
                  <td data-label={p.count}>{t.home.count(one.count)}</td>
                  <td>
                    <Link href={`/disclosures?basis=${one.basis}`} className="button">
                      {p.list}
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      <Some list="refusals_overridden" overview={overview} />
      {overview.exceptions.length > 0 && (
        <section className="group">
          <h2>{p.open}</h2>
          <ul>
            {overview.exceptions.map(({ state, count }) => (
              <li key={state}>
                <Link href={`/exceptions?state=${state}`}>{label("exception_state", state)}</Link> {t.home.count(count)}
              </li>
            ))}
          </ul>
        </section>
      )}
      <section className="group">
        <h2>
          {p.withdrawals} <span className="count">{t.home.count(overview.withdrawals.items.length)}</span>
        </h2>
        <ul>
          {overview.withdrawals.items.map((one) => (
            <li key={`${one.at} ${one.consent_id}`}>
              {instant(one.at)} {name(one.agency_id)}
            </li>
          ))}
        </ul>
        {overview.withdrawals.items.length === 0 && <p className="help">{p.nothing}</p>}
        {overview.withdrawals.more && <p>{p.more}</p>}
      </section>
      <Stops stops={overview.stop_notices} />
      <section className="group">
        <h2>
          {p.releases} <span className="count">{t.home.count(overview.address_releases.items.length)}</span>
        </h2>
        <ul>
          {overview.address_releases.items.map((one) => (
            <li key={one.id}>
              {instant(one.requested_at)} {one.number} {name(one.to_agency_id)} {label("address_release_state", one.state)}
            </li>
          ))}
        </ul>
        {overview.address_releases.items.length === 0 && <p className="help">{p.nothing}</p>}
        {overview.address_releases.more && <p>{p.more}</p>}
      </section>
    </>
  );
}

/** The agencies that were asked for copies, and what became of the copies. */
function Stops({ stops }: { stops: Overview["stop_notices"] }) {
  const { name } = useAgencies();
  const { label } = useLabels();
  return (
    <section className="group">
      <h2>
        {p.stops} <span className="count">{t.home.count(stops.items.length)}</span>
      </h2>
      {stops.items.length === 0 ? (
        <p className="help">{p.nothing}</p>
      ) : (
        <table className="list">
          <thead>
            <tr>
              <th scope="col">{d.at}</th>
              <th scope="col">{t.stop.agency}</th>
              <th scope="col">{t.stop.cause}</th>
              <th scope="col">{t.stop.answered}</th>
            </tr>
          </thead>
          <tbody>
            {stops.items.map((one) => (
              <tr key={one.stop_notice_id}>
                <td data-label={d.at}>{instant(one.at)}</td>
                <td data-label={t.stop.agency}>{name(one.agency_id)}</td>
                <td data-label={t.stop.cause}>{one.cause && label("stop_cause", one.cause)}</td>
                <td data-label={t.stop.answered}>
                  {one.disposition && one.answered_at
                    ? `${label("disposition", one.disposition)} ${instant(one.answered_at)}`
                    : one.due && p.unanswered(day(one.due))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {stops.more && <p>{p.more}</p>}
    </section>
  );
}
