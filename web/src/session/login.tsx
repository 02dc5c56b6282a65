import { useState, useSyncExternalStore } from "react";
import { FormProvider, useForm } from "react-hook-form";
import { api, call, type Schemas } from "../api/client";
import { t } from "../texts";
import { Alert } from "../ui/alert";
import { TextField } from "../ui/field";
import { refuse } from "../ui/problems";

interface Entered {
  login: string;
  password: string;
}

const NOTHING = { login: "", code: "", new_password: "" };

const never = () => () => undefined;

/** Whether the scripts control the form. Until then the browser itself would send it, with the password in the address. */
function useAttached(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}

/** Asks for login and password. With `within` it stands in a dialog and has no heading. */
export function LogIn({
  done,
  within = false,
}: {
  done: (session: Schemas["SessionResponse"]) => Promise<void>;
  within?: boolean;
}) {
  const form = useForm<Entered>({ defaultValues: { login: "", password: "" } });
  const attached = useAttached();
  const [refused, setRefused] = useState<string>();
  const [coded, setCoded] = useState(false);
  const [set, setSet] = useState(false);
  const submit = form.handleSubmit(async (body) => {
    setRefused(undefined);
    try {
      await done(await call(api.POST("/api/v1/session", { body })));
    } catch (error) {
      const { text, fields } = refuse(form, error);
      setRefused(text);
      form.setFocus(fields[0]?.name === "login" ? "login" : "password");
    }
  });
  const fields = (
    <FormProvider {...form}>
      <form onSubmit={(event) => void submit(event)} noValidate>
        {refused && <Alert>{refused}</Alert>}
        <TextField name="login" label={t.session.login} required autoComplete="username" />
        <TextField name="password" label={t.session.password} required type="password" autoComplete="current-password" />
        <button type="submit" className="primary wide" disabled={!attached || form.formState.isSubmitting}>
          {form.formState.isSubmitting ? t.working : t.session.logIn}
        </button>
      </form>
    </FormProvider>
  );
  if (within) return fields;
  if (coded)
    return (
      <SetPassword
        back={(is) => {
          setCoded(false);
          setSet(is);
        }}
      />
    );
  return (
    <main className="door">
      <h1>
        <span className="brand">{t.name}</span>
        {t.session.title}
      </h1>
      <p>{t.session.about}</p>
      {set && <p role="status">{t.session.passwordSet}</p>}
      {fields}
      <p className="help forgotten">{t.session.forgotten}</p>
      <button type="button" className="quiet" disabled={!attached} onClick={() => setCoded(true)}>
        {t.session.withCode}
      </button>
    </main>
  );
}

/** Asks for a one-time code and a new password. `back` is told whether one was set. */
function SetPassword({ back }: { back: (set: boolean) => void }) {
  const form = useForm({ defaultValues: NOTHING });
  const [refused, setRefused] = useState<string>();
  const submit = form.handleSubmit(async (body) => {
    setRefused(undefined);
    try {
      await call(api.POST("/api/v1/session/password", { body }));
      back(true);
    } catch (error) {
      const { text, fields } = refuse(form, error);
      setRefused(text);
      form.setFocus(fields[0]?.name === "new_password" ? "new_password" : "code");
    }
  });
  return (
    <main className="door">
      <h1>
        <span className="brand">{t.name}</span>
        {t.session.codeTitle}
      </h1>
      <p>{t.session.codeAbout}</p>
      <FormProvider {...form}>
        <form onSubmit={(event) => void submit(event)} noValidate>
          {refused && <Alert>{refused}</Alert>}
          <TextField name="login" label={t.session.login} required autoComplete="username" />
          <TextField name="code" label={t.session.code} help={t.session.codeHelp} required autoComplete="one-time-code" />
          <TextField name="new_password" label={t.session.newPassword} help={t.session.newPasswordHelp} required type="password" autoComplete="new-password" />
          <button type="submit" className="primary wide" disabled={form.formState.isSubmitting}>
            {form.formState.isSubmitting ? t.working : t.session.setPassword}
          </button>
        </form>
      </FormProvider>
      <button type="button" className="quiet" onClick={() => back(false)}>
        {t.session.backToLogIn}
      </button>
    </main>
  );
}
