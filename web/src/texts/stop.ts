/** Stop notices: the question about copies, and its answer. */
export const stop = {
  title: "共有の停止",
  help: "同意が取り消された、または期限が切れたため、見えなくなった項目です。手元の写し(印刷、控え、別のシステムへの転記)をどうしたかを答えてください。",
  none: "停止の通知はありません。",
  agency: "答える機関",
  cause: "理由",
  sections: "使えなくなった項目",
  due: "回答期限",
  answered: "回答",
  open: "写しをどうしたかを答える",
  done: "回答しました。",
  disposition: "写しの扱い",
  ground: "保有する根拠の法令",
  groundHelp: "法令により保有するときだけ書きます。",
  note: "説明",
};
