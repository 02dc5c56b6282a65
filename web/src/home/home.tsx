import type { ReactNode } from "react";
import { Link } from "wouter";
import { api, call, type Schemas } from "../api/client";
import { useLabels } from "../api/queries";
import { useSession } from "../session/session";
import { SheetTable } from "../sheet/table";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { Loading } from "../ui/loading";
import { type Found, Group, itemsOf, More, usePages, useSheets } from "../ui/pages";
import { Title } from "../ui/screen";
import { day, today } from "../ui/wareki";

type Task = Schemas["TaskItem"];

/** The first screen of the day: the tasks of this agency or person by due date, then the sheets that are not on their way yet. */
export function Home() {
  const { session, post } = useSession();
  // The lists are asked for again whenever the clerk comes back to the window.
  const again = { refetchOnWindowFocus: true };
  const tasks = usePages(["tasks"], (after) => call(api.GET("/api/v1/tasks", { params: { query: { after } } })), again);
  const drafts = useSheets("draft", again);
  const registered = useSheets("registered", again);
  const pending = useSheets("consent_pending", again);
  const consented = useSheets("consented", again);
  const all = [tasks, drafts, registered, pending, consented];
  return (
    <>
      <Title name={t.home.title}>
        <Link href="/sheets/edit" className="button primary">
          {t.nav.newSheet}
        </Link>
      </Title>
      <p>{t.home.greeting(session.staff.name, post.agency_name)}</p>
      {all.some(({ error }) => error) && <Alert>{t.failed}</Alert>}
      {all.some(({ isPending }) => isPending) && <Loading />}
      {all.every(({ data }) => data?.pages[0]?.items.length === 0) && (
        <div className="empty">
          <p>{t.home.nothing}</p>
          <p>{t.home.nothingHelp}</p>
        </div>
      )}
      <Listed title={t.home.waits} of={tasks}>
        {(items) => <TaskTable items={items} />}
      </Listed>
      {(
        [
          [t.home.consented, consented],
          [t.home.pending, pending],
          [t.home.registered, registered],
          [t.home.drafts, drafts],
        ] as const
      ).map(([title, of]) => (
        <Listed key={title} title={title} of={of}>
          {(items) => <SheetTable items={items} />}
        </Listed>
      ))}
    </>
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

function TaskTable({ items }: { items: readonly Task[] }) {
  const { label } = useLabels();
  const { session } = useSession();
  const now = today();
  return (
    <table className="list">
      <thead>
        <tr>
          <th scope="col">{t.home.what}</th>
          <th scope="col">{t.home.number}</th>
          <th scope="col">{t.home.due}</th>
        </tr>
      </thead>
      <tbody>
        {items.map((task) => (
          <tr key={`${task.kind} ${task.relay_id ?? task.consent_id ?? task.exception_id ?? task.stop_notice_id ?? task.address_release_id}`}>
            <th scope="row">
              <Link href={place(task)}>{label("task_kind", task.kind)}</Link>
              {task.staff_id === session.staff.id && <strong className="state">{t.home.mine}</strong>}
            </th>
            <td data-label={t.home.number}>{task.number}</td>
            <td data-label={t.home.due}>
              {day(task.due)}
              {task.due < now && <strong className="late">{t.home.overdue}</strong>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The loaded part of a list, under its name. */
function Listed<T>({ title, of, children }: { title: string; of: Found<T>; children: (items: T[]) => ReactNode }) {
  const items = itemsOf(of);
  return (
    <Group title={title} count={items.length} more={of.hasNextPage}>
      {children(items)}
      <More of={of} />
    </Group>
  );
}
