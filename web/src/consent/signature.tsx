import { type RefObject, useEffect, useImperativeHandle, useRef, useState } from "react";
import SignaturePad from "signature_pad";
import type { Schemas } from "../api/client";
import { t } from "../texts";

/** A signature without the hash of its text. */
export type Strokes = Omit<Schemas["SignatureRequest"], "text_hash">;

/** What the form asks of the pad. */
export interface Pad {
  /** The strokes that were drawn, if any. */
  strokes: () => Strokes | undefined;
}

const HEIGHT = 200;

/** A field to sign in, by finger, pen or mouse. The strokes survive when the tablet is turned. */
export function SignatureField({ pad, error }: { pad: RefObject<Pad | null>; error: string | undefined }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = useRef<SignaturePad>(undefined);
  // The greatest width that the field had since the first stroke: all points lie within it.
  const widest = useRef(0);
  const [empty, setEmpty] = useState(true);

  useEffect(() => {
    const field = canvas.current;
    if (!field) return undefined;
    const signing = new SignaturePad(field, { minWidth: 1, maxWidth: 3 });
    drawn.current = signing;
    const fit = (): void => {
      const strokes = signing.toData();
      const ratio = Math.max(window.devicePixelRatio, 1);
      const width = field.clientWidth;
      // A resized canvas is blank, so the strokes are drawn again.
      field.width = width * ratio;
      field.height = HEIGHT * ratio;
      field.getContext("2d")?.scale(ratio, ratio);
      signing.fromData(strokes);
      widest.current = strokes.length > 0 ? Math.max(widest.current, width) : width;
    };
    fit();
    const watching = new ResizeObserver(fit);
    watching.observe(field);
    const ended = (): void => setEmpty(false);
    signing.addEventListener("endStroke", ended);
    return () => {
      watching.disconnect();
      signing.removeEventListener("endStroke", ended);
      signing.off();
    };
  }, []);

  useImperativeHandle(pad, () => ({
    strokes: () => {
      const groups = drawn.current?.toData() ?? [];
      const began = groups[0]?.points[0]?.time;
      if (began === undefined) return undefined;
      const within = (value: number, most: number): number => Math.min(most, Math.max(0, Math.round(value)));
      return {
        strokes: groups.map(({ points }) => points.map(({ x, y, time }) => [within(x, widest.current), within(y, HEIGHT), Math.round(time - began)])),
        width: widest.current,
        height: HEIGHT,
      };
    },
  }));

  return (
    <div className="field">
      <p className="label" id="signature-label">
        {t.consent.signature} <span className="need must">{t.required}</span>
      </p>
      <p className="help" id="signature-help">
        {t.consent.signatureHelp}
      </p>
      <canvas ref={canvas} id="signature" className="pad" role="img" tabIndex={-1} aria-labelledby="signature-label" aria-describedby={error ? "signature-help signature-error" : "signature-help"} />
      {error && (
        <p className="error" id="signature-error">
          {error}
        </p>
      )}
      <p role="status">{empty ? t.consent.unsigned : t.consent.signed}</p>
      <button
        type="button"
        className="quiet"
        onClick={() => {
          drawn.current?.clear();
          setEmpty(true);
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
