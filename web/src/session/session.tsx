import { createContext, type ReactNode, useCallback, useContext, useLayoutEffect, useMemo, useRef, useState } from "react";
import { api, call, keepSession, Problem, type Schemas } from "../api/client";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { Dialog } from "../ui/dialog";
import { Connection } from "./connection";
import { LogIn } from "./login";
import { type Standing, tabs } from "./tabs";

type Session = Schemas["SessionResponse"];

interface Acting {
  session: Session;
  /** The post that the person acts in. */
  post: Schemas["SessionPostResponse"];
  /** Whether the person has several posts and must still choose one. */
  undecided: boolean;
  choose: (post_id: string) => Promise<void>;
  leave: () => Promise<void>;
}

const Context = createContext<Acting | undefined>(undefined);

/** Who is logged in. Works only below {@link SessionGate}. */
export function useSession(): Acting {
  const acting = useContext(Context);
  if (!acting) throw new Error("no session here");
  return acting;
}

/** The answer to the question who is logged in. */
export type Asked = Promise<Session | null>;

/**
 * Shows the log-in until somebody is logged in. When the session is lost, it asks again over the page, which keeps everything that was typed.
 * With `atDoor` the log-in is there from the beginning; otherwise nothing is shown until the answer.
 */
export function SessionGate({ asked, atDoor, children }: { asked: Asked; atDoor: boolean; children: ReactNode }) {
  const [session, setSession] = useState<Session | null | undefined>(atDoor ? null : undefined);
  const [state, setState] = useState<Standing>("on");
  const [undecided, setUndecided] = useState(false);
  const [failed, setFailed] = useState(false);
  const [reached, setReached] = useState(true);
  const current = useRef<Session | null>(null);
  const waiting = useRef<(() => void)[]>([]);
  const others = useRef<ReturnType<typeof tabs>>(undefined);

  const adopt = useCallback((next: Session | null): void => {
    current.current = next;
    setSession(next);
    others.current?.alive();
  }, []);

  const resume = useCallback(
    (next: Session): void => {
      adopt(next);
      setState("on");
      for (const go of waiting.current.splice(0)) go();
    },
    [adopt],
  );

  /** Goes on with the session as the service has it now, if it is still the same person's. */
  const renew = useCallback(async (): Promise<void> => {
    const next = await call(api.GET("/api/v1/session"));
    if (next.staff.id === current.current?.staff.id) resume(next);
    else setState("over");
  }, [resume]);

  // This runs before the first paint, because often the answer is there by then.
  useLayoutEffect(() => {
    const here = tabs(
      () => {
        const is = current.current;
        return is && { staff: is.staff.id, rest: `${is.acting_post_id} ${is.csrf_token}` };
      },
      // A session that is over stays over until somebody logs in.
      (next) => setState((now) => (now === "over" ? now : next)),
      () => void renew().catch(() => setState("over")),
    );
    others.current = here;
    keepSession({
      csrf: () => current.current?.csrf_token,
      restore: () =>
        new Promise((go) => {
          // After a log-out, an answer that was still on its way must not ask for a log-in again.
          if (!current.current) return;
          waiting.current.push(go);
          setState("over");
        }),
      alive: here.alive,
      reached: setReached,
    });
    void asked.then((found) => {
      // Somebody may have logged in since the question was sent.
      if (!current.current) adopt(found);
    });
    return here.close;
  }, [asked, adopt, renew]);

  const again = async (next: Session): Promise<void> => {
    const before = current.current;
    if (before && before.staff.id !== next.staff.id) {
      // Another person has logged in: nothing of the earlier person may stay on this screen.
      window.location.assign("/");
      return;
    }
    current.current = next;
    const moved = before && before.acting_post_id !== next.acting_post_id;
    // The session goes on in the same post as before, or the screen would begin anew.
    resume(moved ? await call(api.PUT("/api/v1/session/acting-post", { body: { post_id: before.acting_post_id } })) : next);
  };

  const acting = useMemo<Acting | undefined>(() => {
    const post = session?.posts.find((one) => one.id === session.acting_post_id);
    if (!session || !post) return undefined;
    return {
      session,
      post,
      undecided,
      choose: async (post_id) => {
        adopt(await call(api.PUT("/api/v1/session/acting-post", { body: { post_id } })));
        setUndecided(false);
      },
      leave: async () => {
        await call(api.DELETE("/api/v1/session")).catch((error: unknown) => {
          // The session had ended before.
          if (!(error instanceof Problem && error.status === 401)) throw error;
        });
        others.current?.left();
        setState("on");
        adopt(null);
        window.history.replaceState(null, "", "/");
      },
    };
  }, [session, undecided, adopt]);

  const enter = async (next: Session): Promise<void> => {
    setUndecided(next.posts.length > 1);
    adopt(next);
  };

  const goOn = async (): Promise<void> => {
    setFailed(false);
    try {
      await renew();
    } catch (error) {
      if (error instanceof Problem && error.status === 401) setState("over");
      else setFailed(true);
    }
  };

  if (session === undefined) return <Connection reached={reached} />;
  return (
    <>
      <Connection reached={reached} />
      {acting ? (
        <Context.Provider value={acting}>{children}</Context.Provider>
      ) : (
        <LogIn done={enter} />
      )}
      {state === "over" && (
        <Dialog title={t.session.lost} veil>
          <p>{t.session.lostHelp}</p>
          <LogIn done={again} within />
        </Dialog>
      )}
      {state === "ending" && (
        <Dialog title={t.session.idle}>
          {failed && <Alert>{t.failed}</Alert>}
          <p>{t.session.idleHelp}</p>
          <div className="actions">
            <button type="button" className="primary" onClick={() => void goOn()}>
              {t.session.goOn}
            </button>
            <button type="button" onClick={() => void acting?.leave().catch(() => setFailed(true))}>
              {t.session.leave}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
