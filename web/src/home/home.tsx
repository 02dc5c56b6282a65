import type { ReactNode } from "react";
import { Link } from "wouter";
import { api, call, type Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { RelayTable } from "../relay/table";
import { useSession } from "../session/session";
import { SheetTable } from "../sheet/table";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { useAsked } from "../ui/asked";
import { Loading } from "../ui/loading";
import { type Found, Group, itemsOf, More, usePages, useRelays, useSheets } from "../ui/pages";
import { Title } from "../ui/screen";
import { day } from "../ui/wareki";
import { MainTopic, useColleagues, Who } from "../ui/who";

type Task = Schemas["TaskItem"];

/** The lists are asked for again whenever the clerk comes back to the window. */
const AGAIN = { refetchOnWindowFocus: true };

/** The first screen of the day: what is to be done, what runs, what one waits for, what is half written; one's own or the whole agency's. `more` stands below what is to be done. */
export function Home({ more }: { more?: ReactNode }) {
  const { session, post } = useSession();
  const [whose, setWhose] = useAsked("whose");
  const all = whose === "all";
  const mine = all ? {} : { assigned_staff_id: session.staff.id };
  const tasks = usePages(["tasks", all], (after) => call(api.GET("/api/v1/tasks", { params: { query: { after, mine: !all } } })), AGAIN);
  const running = useSheets({ open: true, ...mine }, AGAIN);
  const answers = useRelays({ box: "outbox", open: true, ...mine }, AGAIN);
  const drafts = useSheets({ state: "draft", ...mine }, AGAIN);
  const lists = [tasks, running, answers, drafts];
  return (
    <>
      <Title name={t.home.title}>
        <Link href="/sheets/edit" className="button primary">
          {t.nav.newSheet}
        </Link>
      </Title>
      <div className="row greeting">
        <p>{t.home.greeting(session.staff.name, post.agency_name)}</p>
        <fieldset className="switch">
          <legend className="unseen">{t.home.whose}</legend>
          {(
            [
              ["", t.home.own],
              ["all", t.home.all],
            ] as const
          ).map(([code, text]) => (
            <label key={code}>
              <input type="radio" name="whose" checked={(all ? "all" : "") === code} onChange={() => setWhose(code)} />
              {text}
            </label>
          ))}
        </fieldset>
      </div>
      {lists.some(({ error }) => error) && <Alert>{t.failed}</Alert>}
      {lists.some(({ isPending }) => isPending) ? (
        <Loading />
      ) : (
        // All at once: a list that comes later would push the others from under the hand.
        <>
          <Listed title={t.home.todo} of={tasks} empty={t.home.todoEmpty}>
            {(items) => <TaskTable items={items} all={all} />}
          </Listed>
          {more}
          {all && <Unassigned />}
          <Listed title={t.home.running} of={running} empty={t.home.runningEmpty} see={`/sheets?state=open${all ? "" : `&assignee=${session.staff.id}`}`}>
            {(items) => <SheetTable items={items} />}
          </Listed>
          <Listed title={t.home.answers} of={answers} empty={t.home.answersEmpty} see="/relays?box=outbox">
            {(items) => <RelayTable items={items} box="outbox" />}
          </Listed>
          <Listed title={t.home.drafts} of={drafts} empty={t.home.draftsEmpty} see={`/sheets?state=draft${all ? "" : `&assignee=${session.staff.id}`}`}>
            {(items) => <SheetTable items={items} />}
          </Listed>
        </>
      )}
    </>
  );
}

/** The sheets that run although nobody in the agency works on them: whoever did has left, perhaps. */
function Unassigned() {
  const found = useSheets({ open: true, unassigned: true }, AGAIN);
  return (
    <Listed title={t.home.unassigned} of={found} empty={found.error ? t.failed : t.home.unassignedEmpty} see="/sheets?state=open&assignee=nobody">
      {(items) => <SheetTable items={items} />}
    </Listed>
  );
}

/** The address of the screen where the task is done. */
function place(task: Task): string {
  if (task.relay_id) return `/relays/${task.relay_id}`;
  if (task.consent_id) return `/consents/${task.consent_id}`;
  if (task.stop_notice_id) return `/sheets/${task.sheet_id}/stops`;
  if (task.exception_id) return `/exceptions/${task.exception_id}`;
  if (task.address_release_id) return `/sheets/${task.sheet_id}?tab=address`;
  return `/sheets/${task.sheet_id}`;
}

function TaskTable({ items, all }: { items: readonly Task[]; all: boolean }) {
  const { label } = useLabels();
  const { session } = useSession();
  const colleagues = useColleagues();
  return (
    <table className="list tasks">
      <thead>
        <tr>
          <th scope="col">{t.home.what}</th>
          <th scope="col">{t.who.person}</th>
          <th scope="col">{t.who.topic}</th>
          <th scope="col">{t.home.number}</th>
          {all && <th scope="col">{t.who.assignee}</th>}
          <th scope="col">{t.home.due}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((task) => (
          <tr key={`${task.kind} ${task.relay_id ?? task.consent_id ?? task.exception_id ?? task.stop_notice_id ?? task.address_release_id}`}>
            <th scope="row">
              <Link href={place(task)}>{label("task_kind", task.kind)}</Link>
            </th>
            <td data-label={t.who.person}>
              <Who label={task.label} />
            </td>
            <td data-label={t.who.topic}>
              <MainTopic label={task.label} />
            </td>
            <td data-label={t.home.number}>{task.number}</td>
            {all && (
              <td data-label={t.who.assignee}>
                {task.staff_id === session.staff.id ? t.home.onlyYou : colleagues.name(task.assigned_staff_id)}
              </td>
            )}
            <td data-label={t.home.due}>
              {task.open_days_left < 0 ? (
                <strong className="late">{t.home.left(task.open_days_left)}</strong>
              ) : (
                <span className="left">{t.home.left(task.open_days_left)}</span>
              )}{" "}
              {day(task.due)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The loaded part of a list, under its name. */
function Listed<T>({ title, of, empty, see, children }: { title: string; of: Found<T>; empty?: string; see?: string; children: (items: T[]) => ReactNode }) {
  const items = itemsOf(of);
  if (!of.data) return null;
  return (
    <Group title={title} count={items.length} more={of.hasNextPage} empty={empty}>
      {see && (
        <Link href={see} className="see">
          {t.home.see}
        </Link>
      )}
      {children(items)}
      <More of={of} />
    </Group>
  );
}
