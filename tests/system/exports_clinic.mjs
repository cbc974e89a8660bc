// A clinic whose system leaves exports in a folder (clinic.mjs says the rest).
//
//   const clinic = await ExportsClinic.make(t, { connector: "partner_register", register: true });      clinic.exports: the folder
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { RestClinic } from "./rest_clinic.mjs";

export class ExportsClinic extends RestClinic {
  // files: settings of sources[].files. register: what of the source is no MIS but a list of limits.
  static async make(t, { connector, register = false, files = {}, settle_seconds = 1, site_values = {} }) {
    const clinic = new this(t, {});
    Object.assign(clinic, { exports: join(clinic.folder, "exports"), connector, register, files, settle_seconds, site_values });
    mkdirSync(clinic.exports);
    clinic.write_config();
    return clinic;
  }
  source() {
    const { firebird, ...rest } = super.source();
    delete rest.http;
    return { ...rest, ...(this.register && { register: true }), files: { folder: this.exports, settle_seconds: this.settle_seconds, ...this.files } };
  }
}
