import { Component, type ReactNode } from "react";
import { t } from "../texts";

/** Shows a message in place of a screen that breaks, or whose script is gone because a newer page is served. */
export class Guarded extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children;
    return (
      <main className="door">
        <h1>{t.broken.title}</h1>
        <p>{t.broken.text}</p>
        <button type="button" className="primary" onClick={() => window.location.reload()}>
          {t.broken.reload}
        </button>
      </main>
    );
  }
}
