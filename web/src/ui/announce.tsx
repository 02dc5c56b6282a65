import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";

/** What was said, and as which message: the same text is read out again. */
const NOTHING = { text: "", n: 0 };

const Say = createContext<(text: string) => void>(() => undefined);
const Message = createContext(NOTHING);

/** Says something in the live region above the screen, and shows it there. */
export function useAnnounce(): (text: string) => void {
  return useContext(Say);
}

/** Keeps what was said until the next screen. */
export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState(NOTHING);
  const [location] = useLocation();
  const [shown, setShown] = useState({ n: 0, on: location });
  const announce = useCallback((text: string) => setSaid(({ n }) => ({ text, n: n + 1 })), []);
  // What is said together with a change of the screen belongs to the new one.
  if (shown.n !== said.n) setShown({ n: said.n, on: location });
  else if (said.text && shown.on !== location) setSaid({ ...said, text: "" });
  return (
    <Say.Provider value={announce}>
      <Message.Provider value={said}>{children}</Message.Provider>
    </Say.Provider>
  );
}

/** The place of what is said: in the flow, so that it moves what is below it instead of hiding it. */
export function Said() {
  const { text, n } = useContext(Message);
  const region = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Further down on a page the browser keeps the content where it is, below the message; so it is moved by as much.
    if (n > 0 && window.scrollY > 0) window.scrollBy(0, -(region.current?.offsetHeight ?? 0));
  }, [n]);
  return (
    <div role="status" className="says" ref={region}>
      {text && (
        <p key={n} className="said">
          {text}
        </p>
      )}
    </div>
  );
}
