#include "writer.hpp"

namespace mis::simulator {

// The skip rules of connectors/ident, said a second time on purpose: a test that compares both
// notices when one changes.
Standing IdentWriter::standing() {
    return count(
        {"Persons", "Patients", "Staffs", "Receptions", "CurrentTimeTable", "Orders",
         "OrderServiceRelation", "ServiceItemPrices", "TreatmentPlans",
         "TreatmentPlanElementRelations", "MisGatewayPayments", "MisGatewayLimits"},
        {
            {"branch", "select count(*) from OwnCompanies"},
            {"practitioner", "select count(*) from Staffs"},
            {"service", "select count(*) from ServiceItems"},
            {"patient", "select count(*) from Patients"},
            {"limit", "select count(*) from MisGatewayLimits where ID_Patients is not null"},
            {"plan", "select count(*) from TreatmentPlans where ID_Patients is not null"},
            {"plan_item",
             "select count(*) from TreatmentPlanElementRelations E join TreatmentPlans T on T.ID = "
             "E.ID_TreatmentPlans where T.ID_Patients is not null"},
            {"appointment", "select count(*) from Receptions where ID_Patients is not null"},
            {"slot",
             "select count(*) from CurrentTimeTable where IsHeaderCell = 0 and ID_Staffs is not "
             "null and (IsWorkingTime = 1 or ID_Receptions is not null or ID_TimeReserves is not "
             "null)"},
            {"procedure",
             "select count(*) from OrderServiceRelation L join Orders O on O.ID = L.ID_Orders join "
             "Receptions R on R.ID = O.ID_Receptions where O.DateTimeBillFormed is not null or "
             "(R.ReceptionCanceled is null and R.ID_ReceptionCancelReasons is null)"},
            {"payment", "select count(*) from MisGatewayPayments where ID_Patients is not null"},
        }
    );
}

}  // namespace mis::simulator
