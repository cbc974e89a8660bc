#include "writer.hpp"

namespace mis::simulator {

// The skip rules of connectors/medialog, said a second time on purpose: a test that compares both
// notices when one changes. Streams that are computed from rules are not counted.
Standing MedialogWriter::standing() {
    return count(
        {"MEDECINS", "PATIENTS", "PLANNING", "MOTCONSU", "FM_BILL", "FM_BILLDET", "FM_BILLDET_PAY",
         "FM_ACCOUNT_TRAN", "FM_PAYMENTS", "FM_CLINK_PATIENTS", "PATDIREC", "DIR_SERV",
         "KRN_SYS_DELETE_TRACE"},
        {
            {"branch",
             "select count(*) from FM_ORG O where exists (select from PL_SUBJ S where "
             "S.FM_INTORG_ID = O.FM_ORG_ID)"},
            {"practitioner", "select count(*) from MEDECINS"},
            {"service", "select count(*) from FM_SERV where SERV_TYPE <> 'Z'"},
            {"patient", "select count(*) from PATIENTS where PATIENTS_ID > 0"},
            {"limit", "select count(*) from FM_CLINK_PATIENTS where LIMIT_SUMMA > 0"},
            {"plan",
             "select count(*) from PATDIREC R where R.PATIENTS_ID is not null and exists (select "
             "from DIR_SERV V where V.PATDIREC_ID = R.PATDIREC_ID)"},
            {"plan_item",
             "select count(*) from DIR_SERV V join PATDIREC R on R.PATDIREC_ID = V.PATDIREC_ID"},
            {"appointment",
             "select count(*) from PLANNING where coalesce(STATUS, 0) = 0 and SOURCE_PLANNING_ID "
             "is "
             "null and PATIENTS_ID is not null"},
            {"busy",
             "select count(*) from PLANNING where coalesce(STATUS, 0) = 0 and SOURCE_PLANNING_ID "
             "is "
             "null and PATIENTS_ID is null and coalesce(NOM, '') = '' and coalesce(CANCELLED, 0) = "
             "0"},
            {"procedure",
             "select count(*) from FM_BILLDET where DONE = 1 and coalesce(CANCEL, 0) = 0 and "
             "coalesce(BLOCKED, 0) = 0 and coalesce(FREE_PAY, 0) = 0 and PATIENTS_ID is not null"},
            {"payment",
             "select count(*) from FM_ACCOUNT_TRAN T join FM_ACCOUNT Y on Y.FM_ACCOUNT_ID = "
             "T.FM_ACCOUNT_ID where Y.PATIENTS_ID is not null and T.TRAN_TYPE not in ('D', 'N') "
             "and "
             "T.TRAN_SUM <> 0"},
            {"payment_allocation",
             "select count(*) from FM_PAYMENTS F join FM_ACCOUNT_TRAN T on T.FM_ACCOUNT_TRAN_ID = "
             "F.FM_ACCOUNT_TRAN_ID join FM_ACCOUNT Y on Y.FM_ACCOUNT_ID = T.FM_ACCOUNT_ID where "
             "Y.PATIENTS_ID is null and F.TRAN_AMOUNT <> coalesce(F.TAXE_AMOUNT, 0)"},
        }
    );
}

}  // namespace mis::simulator
