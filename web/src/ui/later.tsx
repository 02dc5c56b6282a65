import { type ComponentType, useEffect, useState } from "react";
import { Loading } from "./loading";

/**
 * A part of the page whose script comes when it is first shown, or before by `fetch`. Once there, it is drawn at once:
 * `lazy` of React shows its fallback even then, and holds it for 300 ms.
 */
export function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  let Part: ComponentType<P> | undefined;
  const fetch = async (): Promise<void> => {
    Part = (await load()).default;
  };
  function Later(props: P) {
    const [failure, setFailure] = useState<unknown>();
    const [there, setThere] = useState(Part !== undefined);
    useEffect(() => {
      if (!there) void fetch().then(() => setThere(true), setFailure);
    }, [there]);
    if (failure) throw failure;
    return Part && there ? <Part {...props} /> : <Loading />;
  }
  return Object.assign(Later, { fetch });
}
