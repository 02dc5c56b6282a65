import { createContext, type ReactNode, useCallback, useContext, useLayoutEffect, useMemo, useRef, useState } from "react";
import { api, call, keepSession, type Schemas } from "../api/client";
import { t } from "../texts";
import { Dialog } from "../ui/dialog";
import { Connection } from "./connection";
import { LogIn } from "./login";

type Session = Schemas["SessionResponse"];

interface Standing {
  session: Session;
  /** The post that the person acts in. */
  post: Schemas["SessionPostResponse"];
  choose: (post_id: string) => Promise<void>;
  leave: () => Promise<void>;
}

const Context = createContext<Standing | undefined>(undefined);

/** Who is logged in. Only below {@link SessionGate}. */
export function useSession(): Standing {
  const standing = useContext(Context);
  if (!standing) throw new Error("no session here");
  return standing;
}

/** The service ends a session after 30 minutes without a request; the warning comes two minutes before. */
const WARN_AFTER_MS = 28 * 60_000;

/** The answer to who is logged in. */
export type Asked = Promise<Session | null>;

/**
 * Shows the log-in until somebody is logged in; asks again over the page, which keeps all that was typed, when the session is lost.
 * `atDoor` the log-in is there from the beginning, else nothing until the answer.
 */
export function SessionGate({ asked, atDoor, children }: { asked: Asked; atDoor: boolean; children: ReactNode }) {
  const [session, setSession] = useState<Session | null | undefined>(atDoor ? null : undefined);
  const [lost, setLost] = useState(false);
  const [idle, setIdle] = useState(false);
  const [reached, setReached] = useState(true);
  const current = useRef<Session | null>(null);
  const waiting = useRef<(() => void)[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const adopt = useCallback((next: Session | null): void => {
    current.current = next;
    setSession(next);
  }, []);

  // Before the first picture is drawn: often the answer is there by then.
  useLayoutEffect(() => {
    const alive = (): void => {
      clearTimeout(timer.current);
      setIdle(false);
      timer.current = setTimeout(() => setIdle(current.current !== null), WARN_AFTER_MS);
    };
    keepSession({
      csrf: () => current.current?.csrf_token,
      restore: () =>
        new Promise((resume) => {
          waiting.current.push(resume);
          setLost(true);
        }),
      alive,
      reached: setReached,
    });
    void asked.then((found) => {
      // Somebody may have logged in meanwhile.
      if (!current.current) adopt(found);
      alive();
    });
    return () => clearTimeout(timer.current);
  }, [asked, adopt]);

  const again = async (next: Session): Promise<void> => {
    const before = current.current;
    if (before && before.staff.id !== next.staff.id) {
      // Somebody else: nothing of the other person may stay on this screen.
      window.location.assign("/");
      return;
    }
    adopt(next);
    if (before && before.acting_post_id !== next.acting_post_id) {
      adopt(await call(api.PUT("/api/v1/session/acting-post", { body: { post_id: before.acting_post_id } })));
    }
    setLost(false);
    for (const resume of waiting.current.splice(0)) resume();
  };

  const standing = useMemo<Standing | undefined>(() => {
    const post = session?.posts.find((one) => one.id === session.acting_post_id);
    if (!session || !post) return undefined;
    return {
      session,
      post,
      choose: async (post_id) => {
        adopt(await call(api.PUT("/api/v1/session/acting-post", { body: { post_id } })));
      },
      leave: async () => {
        await call(api.DELETE("/api/v1/session"));
        adopt(null);
        window.history.replaceState(null, "", "/");
      },
    };
  }, [session, adopt]);

  if (session === undefined) return <Connection reached={reached} />;
  return (
    <>
      <Connection reached={reached} />
      {standing ? (
        <Context.Provider value={standing}>{children}</Context.Provider>
      ) : (
        <LogIn done={async (next) => adopt(next)} />
      )}
      {lost && (
        <Dialog title={t.session.lost}>
          <p>{t.session.lostHelp}</p>
          <LogIn done={again} within />
        </Dialog>
      )}
      {idle && !lost && (
        <Dialog title={t.session.idle}>
          <p>{t.session.idleHelp}</p>
          <div className="actions">
            <button type="button" className="primary" onClick={() => void call(api.GET("/api/v1/session")).then(adopt)}>
              {t.session.goOn}
            </button>
            <button type="button" onClick={() => void standing?.leave()}>
              {t.session.leave}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
