import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { codes, useLabels } from "../api/queries";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { Loaded, Title } from "../ui/screen";
import { useSession } from "./session";

/** Asks a person with several posts, right after the log-in, in which of them to act. */
export function ChoosePost() {
  const { session, choose, leave } = useSession();
  const labels = useQuery(codes);
  const { label } = useLabels();
  const [failed, setFailed] = useState(false);
  const no = () => setFailed(true);
  return (
    <main className="door">
      <Title name={t.session.postTitle} />
      {failed && <Alert>{t.failed}</Alert>}
      <p>{t.session.postHelp}</p>
      <div className="actions">
        <Loaded of={labels}>
          {() =>
            session.posts.map(({ id, agency_name, role }) => (
              <button key={id} type="button" className="wide" onClick={() => void choose(id).catch(no)}>
                {agency_name} {label("role", role)}
              </button>
            ))
          }
        </Loaded>
        <button type="button" className="quiet" onClick={() => void leave().catch(no)}>
          {t.session.leave}
        </button>
      </div>
    </main>
  );
}
