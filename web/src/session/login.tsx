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

const never = () => () => undefined;

/** Whether the scripts hold the form. Until then the browser itself would send it, with the password in the address. */
function useAttached(): boolean {
  return useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
}

/** Asks for login and password. `within` a dialog it has no heading of its own. */
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
  return (
    <main className="door">
      <h1>
        <span className="brand">{t.name}</span>
        {t.session.title}
      </h1>
      <p>{t.session.about}</p>
      {fields}
    </main>
  );
}
