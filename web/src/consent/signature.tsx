import { useEffect, useRef, useState } from "react";
import SignaturePad, { type PointGroup } from "signature_pad";
import type { Schemas } from "../api/client";
import { t } from "../texts";

/** A signature without the hash of its text. */
export type Strokes = Omit<Schemas["SignatureRequest"], "text_hash">;

/** What was drawn, and the size of the field in which all of it lies. */
export interface Drawn {
  groups: PointGroup[];
  width: number;
  height: number;
}

/** The strokes as they are sent: whole numbers, and times from the first touch. */
export function strokesOf({ groups, width, height }: Drawn): Strokes {
  const began = groups[0]?.points[0]?.time ?? 0;
  const within = (value: number, most: number): number => Math.min(most, Math.max(0, Math.round(value)));
  return { strokes: groups.map(({ points }) => points.map(({ x, y, time }) => [within(x, width), within(y, height), Math.round(time - began)])), width, height };
}

/** Strokes that reach beyond a field which became smaller shrink to fit in it. */
function fitted(groups: PointGroup[], width: number, height: number): PointGroup[] {
  const points = groups.flatMap((group) => group.points);
  const reach = (most: number, along: number[]): number => most / Math.max(most, ...along);
  const by = Math.min(reach(width, points.map(({ x }) => x)), reach(height, points.map(({ y }) => y)));
  return by === 1 ? groups : groups.map((group) => ({ ...group, points: group.points.map((point) => ({ ...point, x: point.x * by, y: point.y * by })) }));
}

/** A field to sign in, by finger, pen or mouse. The strokes survive when the tablet is turned, and when the field is opened again with what was `kept`. */
export function SignatureField({ kept, keep }: { kept: Drawn | undefined; keep: (drawn: Drawn | undefined) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pad = useRef<SignaturePad>(undefined);
  const began = useRef(kept);
  const keeping = useRef(keep);
  useEffect(() => {
    keeping.current = keep;
  });
  const [empty, setEmpty] = useState(!kept);

  useEffect(() => {
    const field = canvas.current;
    if (!field) return undefined;
    const signing = new SignaturePad(field, { minWidth: 1, maxWidth: 3 });
    pad.current = signing;
    if (began.current) signing.fromData(began.current.groups);
    const fit = (): void => {
      const ratio = Math.max(window.devicePixelRatio, 1);
      const { clientWidth: width, clientHeight: height } = field;
      if (width === 0) return;
      const groups = fitted(signing.toData(), width, height);
      // A resized canvas is blank, so the strokes are drawn again.
      field.width = width * ratio;
      field.height = height * ratio;
      field.getContext("2d")?.scale(ratio, ratio);
      signing.fromData(groups);
      if (groups.length > 0) keeping.current({ groups: structuredClone(groups), width, height });
    };
    fit();
    const watching = new ResizeObserver(fit);
    watching.observe(field);
    const ended = (): void => {
      setEmpty(false);
      keeping.current({ groups: structuredClone(signing.toData()), width: field.clientWidth, height: field.clientHeight });
    };
    signing.addEventListener("endStroke", ended);
    return () => {
      watching.disconnect();
      signing.removeEventListener("endStroke", ended);
      signing.off();
    };
  }, []);

  return (
    <div className="field">
      <p className="label" id="pad-label">
        {t.consent.signature}
      </p>
      <p className="help" id="pad-help">
        {t.consent.signatureHelp}
      </p>
      <canvas ref={canvas} className="pad" role="img" aria-labelledby="pad-label" aria-describedby="pad-help" />
      <p role="status">{empty ? t.consent.unsigned : t.consent.signed}</p>
      <button
        type="button"
        className="quiet"
        onClick={() => {
          pad.current?.clear();
          setEmpty(true);
          keep(undefined);
        }}
      >
        {t.consent.signAgain}
      </button>
    </div>
  );
}

/** A signature as it was drawn. */
export function SignatureView({ signature }: { signature: Strokes }) {
  return (
    <svg className="pad" viewBox={`0 0 ${signature.width} ${signature.height}`} role="img" aria-label={t.consent.signature}>
      {signature.strokes.map((stroke, index) => (
        <polyline key={index} points={stroke.map(([x, y]) => `${x},${y}`).join(" ")} fill="none" stroke="currentColor" strokeWidth={2} strokeLinecap="round" />
      ))}
    </svg>
  );
}
