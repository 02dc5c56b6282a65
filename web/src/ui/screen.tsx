import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "wouter";
import { Problem } from "../api/client";
import { t } from "../texts";
import { Alert } from "./alert";
import { Loading } from "./loading";

/** A link that wants the focus in the screen's first field leaves this in the browser's history. */
export const TO_FIELD = "field";

/** A screen's heading: gives the tab its name, and takes the focus when the screen opens. */
export function Title({ children, name }: { children?: ReactNode; name: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${name} | ${t.name}`;
    heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [name]);
  return (
    <div className="title">
      <h1 tabIndex={-1} ref={heading}>
        {name}
      </h1>
      {children}
    </div>
  );
}

/** Shows the result of a query, or that it is on its way, or why it failed; with `screen`, as a whole screen. */
export function Loaded<T>({ of, screen = false, children }: { of: UseQueryResult<T>; screen?: boolean; children: (value: T) => ReactNode }) {
  if (of.data !== undefined) return <>{children(of.data)}</>;
  if (of.error) {
    const why = of.error instanceof Problem && of.error.message ? of.error.message : t.failed;
    if (!screen) return <Alert>{why}</Alert>;
    const gone = of.error instanceof Problem && of.error.status === 404;
    return gone ? <NotFound /> : <Instead title={t.notShown}>{why}</Instead>;
  }
  return <Loading />;
}

export function NotFound() {
  return <Instead title={t.notFound.title}>{t.notFound.text}</Instead>;
}

function Instead({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <Title name={title} />
      <p>{children}</p>
      <Link href="/">{t.notFound.home}</Link>
    </>
  );
}
