"""The route to tape-out: LibreLane (OpenLane 2's successor) with OpenROAD and a foundry's PDK."""
