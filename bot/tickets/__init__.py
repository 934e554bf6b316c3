"""Tickets (工单): what cannot be settled at once gets a number, a department and a day it is due."""
