// What 8-bit texts of a collation are made of. The stand-in knows two: Cyrillic_General_CI_AS (cp1251) and SQL_Latin1_General_CP1_CI_AS (cp1252).

// On the wire a collation is 5 bytes: language id (20 bits), flags, version, and the sort id where a collation is one of the old SQL_ ones.
export const collations = {
  Cyrillic_General_CI_AS: { bytes: Buffer.from([0x19, 0x04, 0xd0, 0x00, 0x00]), charset: "windows-1251", code_page: 1251, lcid: 1049 },
  SQL_Latin1_General_CP1_CI_AS: { bytes: Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]), charset: "windows-1252", code_page: 1252, lcid: 1033 },
};

const tables = new Map();
function table(charset) {
  if (!tables.has(charset)) {
    const decoder = new TextDecoder(charset);
    const codes = new Map();
    for (let code = 255; code >= 0; code--) codes.set(decoder.decode(Uint8Array.of(code)), code);
    tables.set(charset, { decoder, codes });
  }
  return tables.get(charset);
}

// A character that the code page lacks becomes a question mark, as SQL Server's conversion makes it.
export function encode_text(text, collation) {
  const { codes } = table(collation.charset);
  return Buffer.from(Array.from(text, (character) => codes.get(character) ?? 0x3f));
}
export const decode_text = (bytes, collation) => table(collation.charset).decoder.decode(bytes);

export function collation_of(bytes) {
  const language = bytes.readUInt16LE(0);
  return language === 0x0419 ? collations.Cyrillic_General_CI_AS : collations.SQL_Latin1_General_CP1_CI_AS;
}
