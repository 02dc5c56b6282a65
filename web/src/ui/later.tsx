import { type ComponentType, useEffect, useState } from "react";
import { Loading } from "./loading";

/**
 * A part of the page whose script is loaded when it is first shown, or earlier by `fetch`. When the script is there, it is drawn at once;
 * React's `lazy` would show its fallback even then, and hold it for 300 ms.
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
