import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useFormContext, useWatch } from "react-hook-form";
import { useLabels } from "../api/queries";
import { t } from "../texts";
import { ChoiceField, Need, SelectField, TextField } from "../ui/field";
import { instant } from "../ui/wareki";
import { name, textName } from "./named";
import { instantOf, type SheetForm } from "./shape";

/** How the contact came: the way, the person who spoke, and the route that follows from both. */
export function Reception() {
  const { list } = useLabels();
  const came = useWatch<SheetForm, "came">({ name: "came" });
  const fits = useRoute();
  return (
    <>
      <ChoiceField {...name("channel")} options={list("channel")} required />
      <div className="flow">
        <ChoiceField
          {...name("came")}
          required
          options={[
            { code: "self", label: t.sheet.himself },
            { code: "other", label: t.sheet.other },
          ]}
        />
        <SelectField {...name("route")} options={list("route").filter(({ code }) => fits(code))} required />
        <ReceivedAt />
      </div>
      {came === "other" && (
        <div className="nested row">
          <TextField {...textName("visitor.name")} size="half" />
          <TextField {...textName("visitor.kana")} size="half" />
          <TextField {...textName("visitor.phone")} type="tel" size="half" />
          <TextField {...textName("visitor.relation")} size="half" />
        </div>
      )}
    </>
  );
}

/** The time of the contact. It is nearly always now, so its field with many stops opens only when it is wanted, or refused. */
function ReceivedAt() {
  const { formState } = useFormContext<SheetForm>();
  const at = useWatch<SheetForm, "received_at">({ name: "received_at" });
  const [open, setOpen] = useState(!at);
  if (open || formState.errors.received_at) return <TextField {...name("received_at")} type="datetime-local" required size="half" />;
  return (
    <div className="field half">
      <p className="label" id="received_at-label">
        {name("received_at").label} <Need required />
      </p>
      <div className="kept">
        <span id="received_at-now">{at && instant(instantOf(at))}</span>
        <button
          type="button"
          className="quiet"
          id="received_at"
          aria-describedby="received_at-label received_at-now"
          onClick={() => {
            flushSync(() => setOpen(true));
            document.getElementById("received_at")?.focus();
          }}
        >
          {t.sheet.change}
        </button>
      </div>
    </div>
  );
}

/** The route that follows from the channel and the visitor; empty where it does not follow. */
function routeOf(channel: SheetForm["channel"], came: string): NonNullable<SheetForm["route"]> | "" {
  const [visit, remote] = came === "other" ? (["family_visit", "family_remote"] as const) : (["self_visit", "self_remote"] as const);
  if (channel === "visit") return visit;
  return channel === "phone" || channel === "email" || channel === "online" || channel === "sns" ? remote : "";
}

/** The routes that say who spoke and how, by who came. All others go with every channel. */
const OF: Record<string, readonly string[]> = { self: ["self_visit", "self_remote"], other: ["family_visit", "family_remote"] };

/** Whether a route does not contradict the channel and the visitor. */
function agrees(route: string, channel: SheetForm["channel"], came: string): boolean {
  if (!Object.values(OF).flat().includes(route)) return true;
  const told = routeOf(channel, came);
  return told ? route === told : (OF[came] ?? []).includes(route);
}

/** Keeps the route in step with channel and visitor, until somebody chooses another route. Returns which routes may be chosen. */
function useRoute(): (route: string) => boolean {
  const { getValues, setValue } = useFormContext<SheetForm>();
  const [channel, came, route] = useWatch<SheetForm, ["channel", "came", "route"]>({ name: ["channel", "came", "route"] });
  const before = useRef(routeOf(channel, came));
  const seen = useRef(`${channel} ${came}`);
  useEffect(() => {
    // A sheet that came from elsewhere with a contradiction is shown as it is.
    if (seen.current === `${channel} ${came}`) return;
    seen.current = `${channel} ${came}`;
    const now = getValues("route") ?? "";
    const told = routeOf(channel, came);
    if ((told !== before.current && now === before.current) || !agrees(now, channel, came)) setValue("route", told as SheetForm["route"], { shouldDirty: true });
    before.current = told;
  }, [channel, came, getValues, setValue]);
  return (code) => code === route || agrees(code, channel, came);
}
