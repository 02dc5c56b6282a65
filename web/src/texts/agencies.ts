/** How agencies are found and picked from a long list. */
export const agencies = {
  find: "機関をさがす(名前かカナ)",
  picked: "選んだ機関",
  nobody: "まだ選んでいません。",
  remove: "を外す",
  fitting: "まず考えられる機関",
  left: (n: number): string => `ほか${n}機関あります。名前かカナを入れると出ます。`,
  leftFound: (n: number): string => `ほか${n}機関が当てはまります。続きを入れて、しぼってください。`,
  found: (n: number): string => `${n}機関が当てはまります。`,
  notFound: "その名前の機関は見つかりません。",
};
