/** `api/src/auth.rs` ends a session this long after its last request; the warning comes two minutes before. */
const END_AFTER_MS = 30 * 60_000;
const WARN_AFTER_MS = 28 * 60_000;

/** Who is logged in: the person, and the post and token of this log-in, on which all tabs must agree, too. */
export interface Who {
  staff: string;
  rest: string;
}

/** Whether the session goes on, is about to end because no requests come, or is over. */
export type Standing = "on" | "ending" | "over";

/**
 * All tabs of a browser share one session: when one tab prolongs it, ends it, begins it anew, or chooses another post, this counts in all.
 * `moved` is called when the same person goes on in another post or with another log-in than this tab knows.
 */
export function tabs(who: () => Who | null, tell: (standing: Standing) => void, moved: () => void) {
  const channel = new BroadcastChannel("tsunagu-session");
  let timers: ReturnType<typeof setTimeout>[] = [];
  const stop = (): void => timers.splice(0).forEach(clearTimeout);
  const on = (): void => {
    stop();
    timers = [setTimeout(tell, WARN_AFTER_MS, "ending"), setTimeout(tell, END_AFTER_MS, "over")];
    tell("on");
  };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has but its own origin
  const say = (is: Who | null): void => channel.postMessage(is);
  channel.addEventListener("message", ({ data }: MessageEvent<Who | null>) => {
    const here = who();
    if (!here) return;
    if (data?.staff !== here.staff) {
      tell("over");
      return;
    }
    on();
    if (data.rest !== here.rest) moved();
  });
  return {
    /** Tells the tabs that the service has answered the person who is logged in. */
    alive: () => {
      const here = who();
      if (!here) return;
      on();
      say(here);
    },
    /** Tells the tabs that the person is no longer logged in. */
    left: () => {
      stop();
      say(null);
    },
    close: () => {
      stop();
      channel.close();
    },
  };
}
