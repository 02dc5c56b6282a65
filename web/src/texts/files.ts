/** Files of a sheet: what there is, adding one, saving one. */
export const files = {
  help: "同意書の写しや受付票を、シートと一緒に残します。画面の中では開かれません。保存して開いたあとは、取扱いに気をつけてください。",
  none: "添付はまだありません。",
  name: "ファイルの名前",
  kind: "種類",
  size: "形式・大きさ",
  by: "添付した人",
  at: "日時",
  unnamed: "名前のないファイル",
  bytes: (size: number): string => (size < 1024 * 1024 ? `${Math.max(1, Math.round(size / 1024)).toLocaleString("ja-JP")} KB` : `${(size / 1024 / 1024).toFixed(1)} MB`),
  save: "保存する",
  saveOf: (name: string): string => `${name} を保存する`,
  add: {
    open: "ファイルを添付する",
    help: "PDF・JPEG・PNG の、10 MiB までのファイルを、1枚のシートに10件まで添付できます。写真に付いた位置や日時などの情報は、取り除いて保存します。",
    file: "ファイル",
    missing: "ファイルを選んでください。",
    kindMissing: "ファイルの種類を選んでください。",
    large: "このファイルは大きすぎます。10 MiB までのファイルを選ぶか、分けて添付してください。",
    go: "添付する",
    done: "ファイルを添付しました。",
  },
};
