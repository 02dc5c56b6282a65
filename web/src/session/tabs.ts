/** `api/src/auth.rs` ends a session so long after its last request; the warning comes two minutes before. */
const END_AFTER_MS = 30 * 60_000;
const WARN_AFTER_MS = 28 * 60_000;

/** Who is logged in: the person, and what else all tabs must agree on, the post and the token of this log-in. */
export interface Who {
  staff: string;
  rest: string;
}

/** Whether the session goes on, is about to end for want of requests, or is over. */
export type Standing = "on" | "ending" | "over";

/**
 * All tabs of a browser share one session: what keeps it alive in one, ends it, chooses another post, or begins it anew counts in each.
 * `moved` is called when the same person goes on otherwise than this tab knows.
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
    /** The service answered whoever is logged in. */
    alive: () => {
      const here = who();
      if (!here) return;
      on();
      say(here);
    },
    /** Whoever was logged in is so no more. */
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
