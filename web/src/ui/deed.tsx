import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from "react";
import { type DefaultValues, type FieldValues, FormProvider, useForm } from "react-hook-form";
import { Problem } from "../api/client";
import { changed } from "../api/queries";
import { t } from "../texts";
import { useAnnounce } from "./announce";
import { Dialog } from "./dialog";
import { ProblemSummary, refuse, type Summary } from "./problems";

/** Receives whether the form of a deed is open. */
const Opened = createContext<(is: boolean) => void>(() => undefined);

/** Draws the deeds of a state. While a form is open, they stay those of the state in which it was opened, so that its typed words are not lost. */
export function DeedsOf<S>({ state, children }: { state: S; children: (state: S) => ReactNode }) {
  const [held, setHeld] = useState<{ state: S }>();
  return <Opened.Provider value={(is) => setHeld(is ? { state } : undefined)}>{children((held ?? { state }).state)}</Opened.Provider>;
}

/** A button that opens a short form for one deed. If the deed is refused, the form stays open with everything that was typed. */
export function Deed<T extends FieldValues>({
  open,
  title,
  help,
  go,
  done,
  primary = false,
  brief,
  defaults,
  act,
  then,
  children,
}: {
  open: string;
  /** The short text of a button whose row says the rest; the whole of `open` is read out. */
  brief?: string;
  title: string;
  help?: string;
  go: string;
  done: string;
  primary?: boolean;
  defaults: DefaultValues<T>;
  act: (values: T) => Promise<unknown>;
  then?: () => void;
  children?: ReactNode;
}) {
  const [shown, setShown] = useState(false);
  const opened = useContext(Opened);
  const typed = useRef(false);
  const note = useCallback(() => {
    typed.current = true;
  }, []);
  const show = (is: boolean): void => {
    typed.current = false;
    setShown(is);
    opened(is);
  };
  return (
    <>
      <button type="button" className={primary ? "primary" : undefined} aria-label={brief && open} onClick={() => show(true)}>
        {brief ?? open}
      </button>
      {shown && (
        // A key that is pressed by mistake asks before it drops what was typed; the button says what it does.
        <Dialog title={title} close={() => (!typed.current || window.confirm(t.dropTyped)) && show(false)}>
          <DeedForm help={help} go={go} done={done} defaults={defaults} act={act} then={then} close={() => show(false)} typed={note}>
            {children}
          </DeedForm>
        </Dialog>
      )}
    </>
  );
}

function DeedForm<T extends FieldValues>({
  help,
  go,
  done,
  defaults,
  act,
  then,
  close,
  typed,
  children,
}: {
  help?: string;
  go: string;
  done: string;
  defaults: DefaultValues<T>;
  act: (values: T) => Promise<unknown>;
  then?: () => void;
  close: () => void;
  /** Called when something is typed. */
  typed: () => void;
  children?: ReactNode;
}) {
  const form = useForm<T>({ defaultValues: defaults, shouldFocusError: false });
  useEffect(() => {
    return form.subscribe({ formState: { values: true }, callback: typed });
  }, [form, typed]);
  const client = useQueryClient();
  const announce = useAnnounce();
  const [summary, setSummary] = useState<Summary>();
  const submit = async (): Promise<void> => {
    setSummary(undefined);
    form.clearErrors();
    try {
      await act(form.getValues());
      close();
      announce(done);
      then?.();
      await changed(client);
    } catch (error) {
      setSummary(refuse(form, error));
      // Another person was faster: the page below the dialog is loaded again, and the typed words stay.
      if (error instanceof Problem && [409, 412].includes(error.status)) {
        if (error.status === 412) setSummary({ text: t.relay.stale412, fields: [] });
        await changed(client);
      }
    }
  };
  const { isSubmitting } = form.formState;
  return (
    <FormProvider {...form}>
      <form
        noValidate
        // Enter also ends a word of an input method, so only the button does the deed.
        onSubmit={(event) => event.preventDefault()}
      >
        {help && <p>{help}</p>}
        <ProblemSummary summary={summary} />
        {children}
        <div className="actions">
          <button type="button" onClick={close}>
            {t.cancel}
          </button>
          <button type="button" className="primary" disabled={isSubmitting} onClick={() => void form.handleSubmit(submit)()}>
            {isSubmitting ? t.working : go}
          </button>
        </div>
      </form>
    </FormProvider>
  );
}

/** The values without the empty ones. */
export function given<T extends object>(values: T): T {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined),
  ) as T;
}
