import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

const Context = createContext<(text: string) => void>(() => undefined);

/** Says something in the live region at the foot of the page, and shows it. */
export function useAnnounce(): (text: string) => void {
  return useContext(Context);
}

export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ text: "", n: 0 });
  const announce = useCallback((text: string) => setSaid(({ n }) => ({ text, n: n + 1 })), []);
  return (
    <Context.Provider value={announce}>
      {children}
      <div role="status">
        {said.text && (
          <p key={said.n} className="said">
            {said.text}
          </p>
        )}
      </div>
    </Context.Provider>
  );
}
