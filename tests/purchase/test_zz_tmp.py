import time
import pytest
from domain.po_messages import PoRun
pytestmark = pytest.mark.anyio
async def test_x(make_depot):
    depot = make_depot()
    po = depot.netsuite.order()
    async with depot.working():
        for i in range(2):
            for run in PoRun:
                t=time.time(); r=await depot.run(run); print(run, round(time.time()-t,3), r.counts)
            t=time.time(); depot.netsuite.good_run("export","waybill"); print("export", round(time.time()-t,3))
            t=time.time(); depot.netsuite.good_run("import","waybill"); print("import", round(time.time()-t,3))
        t=time.time()
    print("shutdown", time.time()-t)
