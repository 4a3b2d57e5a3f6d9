"""Publishes two rows, reads one back. Usage: client.py ADDRESS PUBLISHER_IDENTITY CONSUMER_IDENTITY GENERATED"""
import datetime, pathlib, sys, time, uuid

import grpc

address, publisher, consumer, generated = sys.argv[1:5]
sys.path.insert(0, generated)
from hangou.base_library.v1 import base_library_pb2 as library, base_library_pb2_grpc
from hangou.catalog.v1 import catalog_pb2 as catalog, catalog_pb2_grpc
from hangou.record.v1 import record_pb2 as record
from hangou.resource.psb import resident_pb2 as resident

RESOURCE, TIMEOUT_S = "resources/psb.resident", 20


def connect(target, identity):
    read = lambda name: (pathlib.Path(identity) / name).read_bytes()
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(read("ca.crt"), read("tls.key"), read("tls.crt")))


def population(identity):
    endpoints = catalog_pb2_grpc.CatalogStub(connect(address, identity)).GetEndpoints(
        catalog.GetEndpointsRequest(), timeout=TIMEOUT_S).endpoints
    target = next(e.address for e in endpoints if e.service == "population")
    return base_library_pb2_grpc.BaseLibraryStub(connect(target, identity))


born = (datetime.date(1990, 1, 1) - datetime.date(1970, 1, 1)).days
rows = [resident.Resident(citizen_id=citizen_id, name=name, sex="1", birth_date=born, division="321002",
                          address="文昌中路1号", phone="13800000000", state="normal", updated_at=time.time_ns() // 1000)
        for citizen_id, name in (("321002199001010016", "张三"), ("321002199001010024", "李四"))]
batch = library.PublishRequest(request_id=str(uuid.uuid4()), resource=RESOURCE,
                               records=[record.Record(payload=row.SerializeToString()) for row in rows])
for answer in population(publisher).Publish(iter([batch]), timeout=TIMEOUT_S):
    for row in answer.outcomes:
        print(library.Outcome.Name(row.outcome), *(f"{v.reason} {v.field}: {v.message}" for v in row.violations))

reply = population(consumer).Get(library.GetRequest(
    context=record.AccessContext(purpose="insurance_audit"), resource=RESOURCE,
    owner=record.Entity(kind=record.ENTITY_KIND_PERSON, id=rows[0].citizen_id)), timeout=TIMEOUT_S)
for found in reply.records:
    print(resident.Resident.FromString(found.payload))
print("epoch", reply.decision.epoch, "masked", list(reply.decision.masked), "withheld", list(reply.decision.withheld))
